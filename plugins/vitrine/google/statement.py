"""BigQueryInsertJobOperator for a collection, of which a task never has two jobs at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from airflow.providers.google.cloud.links.bigquery import BigQueryJobDetailLink
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator

from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import job_id

if TYPE_CHECKING:
    from airflow.sdk import Context
    from google.cloud.bigquery import QueryJob

# A statement that ends within this time is not worth a trip through the triggerer.
WAIT_BEFORE_DEFERRING_SECONDS = 5.0
POLL_SECONDS = 0.25


class BigQueryStatementOperator(BigQueryInsertJobOperator):
    """BigQueryInsertJobOperator whose project, location and connection are a collection's, and whose job ids
    are fixed: the n-th job of a task is `<base>-<n>`.

    A task that lost its worker finds its running job and waits for it, where the provider's operator would
    submit a second one beside it (and pay twice, or insert twice). A task that is cleared, or whose job
    failed, submits the next number, where the provider's durable operator would skip the statement
    (reference: apache/airflow #69542).

    :param job_id: base of the ids; by default made of dataset, DAG, task, run and map index.
    """

    # Without the provider's link to a destination table: a statement has none, and its absence is logged as
    # an error.
    operator_extra_links = (BigQueryJobDetailLink(),)

    def __init__(self, *, collection: Collection, configuration: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(
            configuration={**configuration, "labels": collection.job_labels},
            project_id=collection.project,
            location=collection.location,
            gcp_conn_id=collection.gcp_conn_id,
            poll_interval=collection.poll_seconds,
            deferrable=True,
            **kwargs,
        )
        self.collection = collection

    def submit_job(self, context: Context) -> str:
        """Rejoin this task's running job or submit its next one; wait a moment for it. Returns the job id."""
        self.hook = BigQueryHook(gcp_conn_id=self.gcp_conn_id, use_legacy_sql=False, location=self.location)
        self._job = self._running_or_new_job(self.job_id or self._base(context))
        self.job_id = self._job.job_id  # what on_kill cancels
        BigQueryJobDetailLink.persist(
            context=context, project_id=self.project_id, location=self.location, job_id=self.job_id
        )
        self._wait_a_moment(self._job)
        return self.job_id

    def _base(self, context: Context) -> str:
        ti = context["ti"]
        return job_id(
            "vitrine", self.collection.namespace, ti.dag_id, ti.task_id, ti.run_id, max(ti.map_index, 0)
        )

    def _running_or_new_job(self, base: str) -> QueryJob:
        number, job = self._latest_job(base)
        if job is None or job.state == "DONE":
            # If another process of this task is faster, BigQuery answers 409; the next try rejoins that job.
            return self._submit_job(self.hook, f"{base}-{number + 1}")
        self.log.info("Rejoining job %s, which is %s.", job.job_id, job.state)
        return job

    def _latest_job(self, base: str) -> tuple[int, QueryJob | None]:
        """This task's newest job and its number; (0, None) before the first."""
        bigquery = BigQuery.of(self.collection)
        number, latest = 0, None
        while (job := bigquery.job(f"{base}-{number + 1}")) is not None:
            number, latest = number + 1, job
        return number, latest

    def _wait_a_moment(self, job: QueryJob) -> None:
        deadline = time.monotonic() + WAIT_BEFORE_DEFERRING_SECONDS
        while not job.done() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
