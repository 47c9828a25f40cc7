"""Asks a person to approve what follows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator

from vitrine.embed.branches import tasks_between

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance


class ApproveOperator(ApprovalOperator):
    """Ask a person to approve what follows. A rejection or timeout skips everything before `end`.

    The provider's operator skips either the next task, so that repair passes would still spend the money, or
    all tasks, so that nothing would be reported. Pushes the XCom `rejected`, since a task that skips others
    returns nothing.
    """

    def __init__(self, *, end: str, **kwargs: Any) -> None:
        super().__init__(defaults=self.REJECT, **kwargs)
        self.end = end

    def skip(self, ti: TaskInstance, tasks: Iterable[Any]) -> None:
        """Skip everything before `end`, not the `tasks` that the provider passes after a rejection."""
        ti.xcom_push(key="rejected", value=True)
        super().skip(ti, tasks_between(self, self.end))
