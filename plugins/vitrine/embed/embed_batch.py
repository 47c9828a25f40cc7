"""The task that spends money: embeds one batch of images in one BigQuery job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException

from vitrine.collection import Collection
from vitrine.embed import queries, turns
from vitrine.embed.planning import Batch, pace
from vitrine.embed.statement import EmbedStatementOperator
from vitrine.embed.statuses import failed_job
from vitrine.errors import BatchFailedError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import int64, model, query_job, string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context


class EmbedBatchOperator(EmbedStatementOperator):
    """Embed one batch of a work order. The job ids begin with the work order, so a batch never has two jobs
    at once.

    :param batch: the batch, as returned by plan_batches.
    :param configuration: the embedding statement; `work_order` and `batch_number` are added as parameters.
    """

    template_fields = (*EmbedStatementOperator.template_fields, "failed", "count")
    template_fields_renderers = {
        **EmbedStatementOperator.template_fields_renderers,
        "failed": "json",
        "count": "json",
    }

    def __init__(
        self, *, collection: Collection, batch: Batch, configuration: dict[str, Any], **kwargs: Any
    ) -> None:
        work_order, number = batch["work_order"], batch["batch_number"]
        first_id = f"{work_order}-batch{number}"
        which = string("work_order", work_order), int64("batch_number", number)
        super().__init__(
            collection=collection,
            configuration=with_parameters(configuration, *which),
            job_id=first_id,
            # The calls of a cancelled job are billed and its vectors lost. Let it finish: the next task
            # rejoins it, or the next plan waits for it.
            cancel_on_kill=False,
            **kwargs,
        )
        self.batch, self.base = batch, first_id
        # Statements that record a job that failed as a whole, and that count the progress of the work order.
        self.failed = query_job("embed/insert_failed_attempts.sql", model(collection), *which)
        self.count = with_parameters(queries.work_order_progress(), which[0])

    def execute(self, context: Context) -> str:
        """Embed the batch, deferred. Errors: BatchFailedError when its job failed as a whole."""
        turns.check(context, turns.for_quota(self.collection))
        with self._final_when_the_job_failed():
            job = super().execute(context)
        self._report_progress(context)
        return job

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str | None:
        """End as the job did. Errors: see execute."""
        with self._final_when_the_job_failed():
            job = super().execute_complete(context, event)
        self._report_progress(context)
        return job

    def _report_progress(self, context: Context) -> None:
        """Log the progress of the work order and push it as XCom `progress`. Counts finished jobs only."""
        [counted] = BigQuery.of(self.collection).rows(self.count)
        progress = pace(**counted)
        self.log.info(
            "%(done)s images done, %(left)s left, %(images_per_minute)s per minute, "
            "about %(minutes_left)s min to go.",
            progress,
        )
        context["ti"].xcom_push(key="progress", value=progress)

    @contextmanager
    def _final_when_the_job_failed(self) -> Iterator[None]:
        """Raise BatchFailedError, which is not retried, if the job itself failed; else leave the error alone.

        A failed job has written nothing, but its calls may have been billed. The next pass plans its images
        again, after a pause, and passes end when they make no progress. Retries by Airflow would multiply
        them.
        """
        try:
            yield
        except AirflowException as error:
            _, job = self._latest_job(self.base)
            if job is None or job.state != "DONE" or not job.error_result:
                raise
            message = job.error_result["message"]
            self._record_failure(message)
            raise BatchFailedError(f"Job {job.job_id} failed: {message}") from error

    def _record_failure(self, message: str) -> None:
        status = string("status", failed_job(self.batch["images"], message))
        try:
            BigQuery.of(self.collection).rows(with_parameters(self.failed, status))
        except Exception:
            # Do not raise: a retry might pay again. Without the record, the next pass plans the batch whole.
            self.log.exception("Could not record this failure in embedding_attempts.")
