"""A person decides about a plan that costs more than the cap."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator

from vitrine.embed.branches import tasks_between


class ApproveCostOperator(ApprovalOperator):
    """Airflow's ApprovalOperator; a rejection, or no answer in time, skips everything before `end`.

    The provider's skips either the next task, after which repair passes would spend the money nevertheless,
    or every task to the last, after which nothing would be reported. A rejection is left as XCom `rejected`:
    a task that skips others returns nothing.
    """

    def __init__(self, *, end: str, **kwargs: Any) -> None:
        super().__init__(defaults=self.REJECT, **kwargs)
        self.end = end

    def skip(self, ti: Any, tasks: Any) -> None:
        """Skip what comes before the end, whatever the provider would skip."""
        ti.xcom_push(key="rejected", value=True)
        super().skip(ti, tasks_between(self, self.end))
