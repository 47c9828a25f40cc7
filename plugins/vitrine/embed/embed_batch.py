"""The task that spends money: one batch of images, one BigQuery job."""

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
    """Embed one batch of a work order. Its job ids begin with the work order, so no two jobs embed one batch
    at once.

    :param batch: the batch, from plan_batches.
    :param configuration: the embedding statement; gets the parameters `work_order` and `batch_number`.
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
        which = string("work_order", work_order), int64("batch_number", number)
        super().__init__(
            collection=collection,
            configuration=with_parameters(configuration, *which),
            job_id=f"{work_order}-batch{number}",
            # A cancelled job's calls are paid and its vectors lost. It ends by itself: the next task
            # rejoins it, or the next plan waits for it.
            cancel_on_kill=False,
            **kwargs,
        )
        self.batch = batch
        # Notes a job that failed as a whole, and counts how far the work order is.
        self.failed = query_job("embed/insert_failed_attempts.sql", model(collection), *which)
        self.count = with_parameters(queries.order(), which[0])

    def execute(self, context: Context) -> str:
        """Embed the batch, in the triggerer. Errors: BatchFailedError when its job failed as a whole."""
        self.base = self.job_id
        turns.check(context, turns.for_quota(self.collection))
        with self._final_when_the_job_failed():
            job = super().execute(context)
        self._tell_progress(context)
        return job

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str | None:
        """End as the job did. Errors: as of execute."""
        self.base = self.job_id
        with self._final_when_the_job_failed():
            job = super().execute_complete(context, event)
        self._tell_progress(context)
        return job

    def _tell_progress(self, context: Context) -> None:
        """Log and push as XCom `progress` how far the batches that have ended bring the work order."""
        [counted] = BigQuery.of(self.collection).rows(self.count)
        progress = pace(**counted)
        self.log.info(
            "%(done)s images have an answer, %(left)s are left: %(images_per_minute)s a minute, "
            "about %(minutes_left)s min to go.", progress,
        )  # fmt: skip
        context["ti"].xcom_push(key="progress", value=progress)

    @contextmanager
    def _final_when_the_job_failed(self) -> Iterator[None]:
        """Tell a failed job from a failure to watch it: only the second may be tried again.

        A failed job has written nothing, but the calls it made may have been paid. The next pass plans its
        images again, after a pause, and stops when that does not help; Airflow's retries would multiply both.
        """
        try:
            yield
        except AirflowException as error:
            _, job = self._latest_job(self.base)
            if job is None or job.state != "DONE" or not job.error_result:
                raise
            message = job.error_result["message"]
            self._note_failure(message)
            raise BatchFailedError(f"Job {job.job_id} failed: {message}") from error

    def _note_failure(self, message: str) -> None:
        status = string("status", failed_job(self.batch["images"], message))
        try:
            BigQuery.of(self.collection).rows(with_parameters(self.failed, status))
        except Exception:
            # A retry might pay the batch again. Without the note the next pass plans it whole.
            self.log.exception("This failure could not be noted in embedding_attempts.")
