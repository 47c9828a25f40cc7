"""The task that spends money: embeds one batch of images in one BigQuery job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException

from vitrine.collection import Collection
from vitrine.embed import lease, queries, turns
from vitrine.embed.planning import Batch
from vitrine.embed.statement import EmbedStatementOperator, lost_lease_is_final
from vitrine.embed.statuses import failed_job
from vitrine.errors import BatchFailedError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import query_job, string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context


class EmbedBatchOperator(EmbedStatementOperator):
    """Embed one batch of a work order. The job ids begin with the work order, so a batch never has two jobs
    at once.

    :param batch: the batch, as returned by plan_batches; a template.
    """

    template_fields = (*EmbedStatementOperator.template_fields, "batch", "failed", "renew")
    template_fields_renderers = {
        **EmbedStatementOperator.template_fields_renderers,
        "batch": "json",
        "failed": "json",
        "renew": "json",
    }

    def __init__(self, *, collection: Collection, batch: Batch, **kwargs: Any) -> None:
        super().__init__(
            collection=collection,
            configuration=queries.embed(collection),
            # The calls of a cancelled job are billed and its vectors lost. Let it finish: the next task
            # rejoins it, or the next plan waits for it.
            cancel_on_kill=False,
            **kwargs,
        )
        self.batch = batch
        # Statements that record a job that failed as a whole, and that hold the lease while a job runs.
        self.failed = queries.failed_batch(collection)
        self.renew = query_job("embed/renew_lease.sql")

    def execute(self, context: Context) -> Any:
        """Embed the batch, deferred. Errors: BatchFailedError when its job failed as a whole."""
        turns.check(context, turns.for_quota(self.collection))
        renew = with_parameters(self.renew, *lease.held(self.collection, context))
        with lost_lease_is_final():
            BigQuery.of(self.collection, context["ti"]).rows(renew)
        self.job_id = self._first_id
        self.configuration = with_parameters(self.configuration, *queries.of_batch(self.batch))
        with self._final_when_the_job_failed(context):
            return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """End as the job did. Errors: see execute."""
        with self._final_when_the_job_failed(context):
            return super().execute_complete(context, event)

    @property
    def _first_id(self) -> str:
        return f"{self.batch['work_order']}-batch{self.batch['batch_number']}"

    @contextmanager
    def _final_when_the_job_failed(self, context: Context) -> Iterator[None]:
        """Raise BatchFailedError, which is not retried, if the job itself failed; else leave the error alone.

        A failed job has written nothing, but its calls may have been billed. The next pass plans its images
        again, after a pause, and passes end when they make no progress. Retries by Airflow would multiply
        them.
        """
        try:
            yield
        except AirflowException as error:
            _, job = self._latest_job(self._first_id)
            if job is None or job.state != "DONE" or not job.error_result:
                raise
            message = job.error_result["message"]
            self._record_failure(context, message)
            raise BatchFailedError(f"Job {job.job_id} failed: {message}") from error

    def _record_failure(self, context: Context, message: str) -> None:
        status = string("status", failed_job(self.batch["images"], message))
        failed = with_parameters(self.failed, *queries.of_batch(self.batch), status)
        try:
            BigQuery.of(self.collection, context["ti"]).rows(failed)
        except Exception:
            # Do not raise: a retry might pay again. Without the record, the next pass plans the batch whole.
            self.log.exception("Could not record this failure in embedding_attempts.")
