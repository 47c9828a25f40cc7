"""The statements of embed_images, which only the run that has turn and lease may execute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowSkipException
from google.api_core.exceptions import GoogleAPIError

from vitrine.embed import lease, turns
from vitrine.errors import TurnLostError
from vitrine.google.jobs import with_parameters
from vitrine.google.statement import BigQueryRowsOperator

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance


class EmbedStatementOperator(BigQueryRowsOperator):
    """BigQueryRowsOperator that refuses to run out of turn, or without the lease of the dataset. Errors:
    TurnLostError.

    :param planned_by: for statements that must run even if upstream tasks failed (trigger rule ALL_DONE): id
        of the task that planned their work. The statement is skipped unless that task has succeeded.
    """

    def __init__(self, *, planned_by: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.planned_by = planned_by

    def execute(self, context: Context) -> Any:
        """Run the statement, deferred if it takes long."""
        if self.planned_by and not _has_succeeded(context["ti"], self.planned_by):
            raise AirflowSkipException(f"{self.planned_by} planned nothing in this run.")
        self.configuration = with_parameters(self.configuration, *lease.held(self.collection, context))
        with lost_lease_is_final():
            return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """End as the job did."""
        with lost_lease_is_final():
            return super().execute_complete(context, event)

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> Any:
        """Nothing, unless a subclass has a use for the rows."""


@contextmanager
def lost_lease_is_final(advice: str = turns.CLEAR_RUN) -> Iterator[None]:
    """Raise TurnLostError, which is not retried, if a statement stopped because the lease is lost."""
    try:
        yield
    except (AirflowException, GoogleAPIError) as error:
        if lease.LOST not in str(error):
            raise
        raise TurnLostError(f"{error} {advice}") from error


def _has_succeeded(ti: TaskInstance, task_id: str) -> bool:
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[task_id], run_ids=[ti.run_id])
    return bool(states.get(ti.run_id, {}).get(task_id) == "success")
