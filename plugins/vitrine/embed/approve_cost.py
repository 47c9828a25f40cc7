"""Asks a person to approve a plan that costs more than the cap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator

from vitrine.embed.branches import tasks_between
from vitrine.embed.planning import Verdict

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance


class ApproveCostOperator(ApprovalOperator):
    """Ask a person to approve the plan, if it costs more than the cap. A rejection or timeout skips
    everything before `end`.

    The provider's operator skips either the next task, so that repair passes would still spend the money, or
    all tasks, so that nothing would be reported. Pushes the XCom `rejected`, since a task that skips others
    returns nothing.
    """

    def __init__(self, *, plan: str, end: str, **kwargs: Any) -> None:
        super().__init__(defaults=self.REJECT, **kwargs)
        self.plan, self.end = plan, end

    def execute(self, context: Context) -> Any:
        """Ask, or go on at once."""
        if context["ti"].xcom_pull(task_ids=self.plan, key="verdict") != Verdict.ASK:
            self.log.info("The plan costs no more than the cap: no approval is needed.")
            return None
        return super().execute(context)

    def skip(self, ti: TaskInstance, tasks: Iterable[Any]) -> None:
        """Skip everything before `end`, not the `tasks` that the provider passes after a rejection."""
        ti.xcom_push(key="rejected", value=True)
        super().skip(ti, tasks_between(self, self.end))
