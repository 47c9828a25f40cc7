"""The gate at the end of the maintenance of the vector index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from vitrine.errors import IndexNotRebuiltError, RecallTooLowError
from vitrine.index import recall

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckRecallOperator(BaseOperator):
    """Fail when searches miss too many of the nearest images, or when a rebuild has not helped.

    Errors: RecallTooLowError with the share of the lists that would reach the goal; IndexNotRebuiltError.

    :param measured: task ids of the measurements, oldest first; those that did not run are passed over.
    :param goal: recall that is good enough, 0 to 1.
    """

    def __init__(self, *, measured: Sequence[str], goal: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.measured, self.goal = measured, goal

    def execute(self, context: Context) -> str:
        """Judge the last measurement. Returns what there is to say of it."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        found = [ti.xcom_pull(task_ids=task) for task in self.measured if states.get(task) == "success"]
        if not found:
            return "There is no index to measure: every search is exact."
        last = found[-1]
        if len(found) > 1 and recall.has_drifted(last):
            raise IndexNotRebuiltError(
                f"The drift is {last['drift']:.2f} although the index was rebuilt. {last['vector_index']}"
            )
        if shortfall := recall.shortfall(last, self.goal):
            raise RecallTooLowError(shortfall)
        return recall.summary(last["shares"][0]) if last["shares"] else last["vector_index"]
