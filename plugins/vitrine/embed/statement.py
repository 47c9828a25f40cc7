"""The statements of embed_images, which only the run that has its turn may send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from vitrine.embed import turns
from vitrine.google.statement import BigQueryStatementOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class EmbedStatementOperator(BigQueryStatementOperator):
    """BigQueryStatementOperator that refuses to work out of turn, see vitrine.embed.turns.

    :param planned_by: id of the task that planned this statement's work. The task is skipped when that one
        has not run; for statements that must run although some of their upstream tasks failed (trigger rule
        ALL_DONE).
    """

    def __init__(self, *, planned_by: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.planned_by = planned_by

    def execute(self, context: Context) -> str:
        """Run the statement, in the triggerer if it takes long. Returns the job id. Errors: TurnLostError."""
        if self.planned_by and not _has_succeeded(context["ti"], self.planned_by):
            raise AirflowSkipException(f"{self.planned_by} has planned nothing in this run.")
        turns.check(context, turns.for_tables(self.collection))
        return super().execute(context)


def _has_succeeded(ti: Any, task_id: str) -> bool:
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[task_id], run_ids=[ti.run_id])
    return states.get(ti.run_id, {}).get(task_id) == "success"
