"""BigQueryInsertJobOperator for a collection, with at most one job per task at a time."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from airflow.providers.google.cloud.links.bigquery import BigQueryJobDetailLink
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator

from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import job_id, limited, task_labels

if TYPE_CHECKING:
    from airflow.sdk import Context
    from google.cloud.bigquery import QueryJob

# A statement that ends within this time is not worth deferring.
WAIT_BEFORE_DEFERRING_SECONDS = 5.0
POLL_SECONDS = 0.25


class BigQueryStatementOperator(BigQueryInsertJobOperator):
    """BigQueryInsertJobOperator with the project, location and connection of a collection, and with fixed job
    ids: the n-th job of a task is `<base>-<n>`.

    A task that lost its worker finds its running job and waits for it. The provider's operator would submit a
    second one, which would pay twice or insert twice. A task that is cleared, or whose job failed, submits
    the next number. The provider's durable operator would skip the statement (apache/airflow #69542).

    :param job_id: base of the ids; by default made of dataset, DAG, task, run and map index.
    """

    # Without the provider's link to a destination table: a statement has none, and the link would log an
    # error.
    operator_extra_links = (BigQueryJobDetailLink(),)  # type: ignore[assignment]  # theirs has two

    def __init__(self, *, collection: Collection, configuration: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(
            configuration=limited(configuration, collection.maximum_bytes_billed),
            project_id=collection.project,
            location=collection.location,
            gcp_conn_id=collection.gcp_conn_id,
            poll_interval=collection.poll_seconds,
            deferrable=True,
            **kwargs,
        )
        self.collection = collection

    def submit_job(self, context: Context) -> str:
        """Rejoin this task's running job or submit its next one, and wait briefly. Returns the job id."""
        hook = BigQueryHook(gcp_conn_id=self.gcp_conn_id, use_legacy_sql=False, location=self.location)
        self.hook = hook
        labels = self.collection.job_labels | task_labels(context["ti"])
        self.configuration = {**self.configuration, "labels": labels}
        self._job = self._running_or_new_job(hook, self.job_id or self._base(context))
        self.job_id = self._job.job_id  # what on_kill cancels
        BigQueryJobDetailLink.persist(
            context=context, project_id=self.project_id, location=self.location, job_id=self.job_id
        )
        self._wait_a_moment(self._job)
        return self.job_id

    def _base(self, context: Context) -> str:
        ti = context["ti"]
        return job_id(
            "vitrine", self.collection.namespace, ti.dag_id, ti.task_id, ti.run_id, max(ti.map_index or 0, 0)
        )

    def _running_or_new_job(self, hook: BigQueryHook, base: str) -> QueryJob:
        number, job = self._latest_job(base)
        if job is None or job.state == "DONE":
            # If another process of this task was faster, BigQuery answers 409 and the retry rejoins that job.
            return cast("QueryJob", self._submit_job(hook, f"{base}-{number + 1}"))
        self.log.info("Rejoining job %s, which is %s.", job.job_id, job.state)
        return job

    def _latest_job(self, base: str) -> tuple[int, QueryJob | None]:
        """Number of this task's newest job, and the job; (0, None) if there is none."""
        bigquery = BigQuery.of(self.collection)
        number, latest = 0, None
        while (job := bigquery.job(f"{base}-{number + 1}")) is not None:
            number, latest = number + 1, job
        return number, latest

    def _wait_a_moment(self, job: QueryJob) -> None:
        deadline = time.monotonic() + WAIT_BEFORE_DEFERRING_SECONDS
        while not job.done() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


class BigQueryRowsOperator(BigQueryStatementOperator):
    """BigQueryStatementOperator that passes the rows of its job to `on_rows`, whose answer is its XCom.

    A script has the rows of the last statement that it ran, so that has to be a SELECT. The rows are held in
    memory at once. If `on_rows` fails, a retry submits the statement again.
    https://docs.cloud.google.com/bigquery/docs/multi-statement-queries
    """

    def execute(self, context: Context) -> Any:
        """Run the job, or defer until it has ended; the answer of `on_rows`."""
        return self._finish(context, super().execute(context))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """The answer of `on_rows` after a deferral."""
        return self._finish(context, cast(str, super().execute_complete(context, event)))

    def _finish(self, context: Context, job_id: str) -> Any:
        return self.on_rows(context, BigQuery.of(self.collection).rows_of(job_id))

    @abstractmethod
    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> Any:
        """What the task returns, given the rows of its job by column name."""
