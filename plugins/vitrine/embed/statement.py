"""The statements of embed_images, which only the run that has the turn may execute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from vitrine.embed import turns
from vitrine.google.statement import BigQueryStatementOperator

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance


class EmbedStatementOperator(BigQueryStatementOperator):
    """BigQueryStatementOperator that refuses to run out of turn, see vitrine.embed.turns.

    :param planned_by: for statements that must run even if upstream tasks failed (trigger rule ALL_DONE): id
        of the task that planned their work. The statement is skipped unless that task has succeeded.
    """

    def __init__(self, *, planned_by: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.planned_by = planned_by

    def execute(self, context: Context) -> str:
        """Run the statement, deferred if it takes long. Returns the job id. Errors: TurnLostError."""
        if self.planned_by and not _has_succeeded(context["ti"], self.planned_by):
            raise AirflowSkipException(f"{self.planned_by} planned nothing in this run.")
        turns.check(context, turns.for_tables(self.collection))
        job_id: str = super().execute(context)
        return job_id


def _has_succeeded(ti: TaskInstance, task_id: str) -> bool:
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[task_id], run_ids=[ti.run_id])
    return bool(states.get(ti.run_id, {}).get(task_id) == "success")
