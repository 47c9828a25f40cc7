"""Asks a person to approve a plan that costs more than the cap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitrine.embed.approve import ApproveOperator
from vitrine.embed.planning import Verdict

if TYPE_CHECKING:
    from airflow.sdk import Context


class ApproveCostOperator(ApproveOperator):
    """Ask a person to approve the plan, unless it says that it costs no more than the cap. A rejection or
    timeout skips everything before `end`."""

    def __init__(self, *, plan: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan

    def execute(self, context: Context) -> Any:
        """Ask, or go on at once. A plan that says nothing (marked a success by hand) asks, too."""
        if context["ti"].xcom_pull(task_ids=self.plan, key="verdict") == Verdict.EMBED:
            self.log.info("The plan costs no more than the cap: no approval is needed.")
            return None
        return super().execute(context)
