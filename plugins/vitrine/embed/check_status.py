"""The branch at the end of a pass: repair, or continue. The brake on quarantine is here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.google.cloud.triggers.bigquery import BigQueryInsertJobTrigger
from airflow.providers.standard.operators.branch import BranchMixIn
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import AirflowException

from vitrine.collection import Collection
from vitrine.embed import lease, queries
from vitrine.embed.branches import tasks_between
from vitrine.embed.passes import after_pass, pause_seconds
from vitrine.embed.planning import Batch, embed_job_prefix
from vitrine.embed.statement import EmbedStatementOperator
from vitrine.errors import ModelBrokenError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import boolean, with_parameters
from vitrine.limits import RETRYABLE_STATUS_PREFIX

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckStatusOperator(EmbedStatementOperator, BranchMixIn):
    """Check a pass, set broken images aside, and choose `next_pass` (None after the last one), after a pause,
    while it may help, else `done`. Pushes the XComs `pending` and `reason`.

    The brake: when too many answers are terminal, one image that was embedded before is asked again. If that
    fails, too, nothing is set aside. Errors: ModelBrokenError, whose text is the XCom `broken`.

    :param plan: task id of the plan of this pass.
    :param earlier_checks: task ids of the checks of earlier passes, oldest first.
    """

    template_fields = (*EmbedStatementOperator.template_fields, "ask")
    template_fields_renderers = {**EmbedStatementOperator.template_fields_renderers, "ask": "json"}

    def __init__(
        self,
        *,
        collection: Collection,
        plan: str,
        earlier_checks: Sequence[str],
        next_pass: str | None,
        done: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(collection=collection, configuration=queries.check(collection, plan), **kwargs)
        self.ask = queries.ask_one_image(collection, was_embedded=True)
        self.plan, self.earlier_checks, self.next_pass, self.done = plan, earlier_checks, next_pass, done

    def execute(self, context: Context) -> Any:
        """Check the pass, deferred if it takes long."""
        self.checked = self.configuration
        self.configuration = with_parameters(self.configuration, boolean("is_released", False))
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """End as the job did."""
        self.checked = self.configuration
        return super().execute_complete(context, event)

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> Any:
        """Continue with another pass or with `done`, skipping all later passes at once, not task by task."""
        [progress] = rows
        ti = context["ti"]
        if progress["is_braked"]:
            progress = self._release(context, progress)
        before = [ti.xcom_pull(task_ids=check, key="pending") for check in self.earlier_checks]
        pending = [progress["planned"], *before, progress["pending"]]
        decision = after_pass(pending, self.collection.max_passes)
        ti.xcom_push(key="pending", value=progress["pending"])
        ti.xcom_push(key="reason", value=decision.reason)
        self.log.info("%s", decision.reason)
        if decision.repair:
            pauses = self.collection.retry_wait_seconds, self.collection.max_retry_wait_seconds
            seconds = pause_seconds(pending, *pauses)
            self.log.info("Pausing for %s seconds.", seconds)
            self.defer(
                trigger=TimeDeltaTrigger(timedelta(seconds=seconds), end_from_trigger=False),
                method_name="repair",
            )
        return self.skip(ti, tasks_between(self, self.done))

    def repair(self, context: Context, event: Any = None) -> Any:
        """Go on with the next pass, once no job of this one is left running in BigQuery: what it embeds is
        paid for and must not be planned again."""
        bigquery = BigQuery.of(self.collection, context["ti"])
        for job in bigquery.running_jobs(embed_job_prefix(self.collection.namespace)):
            self._wait_for(job.job_id)
        return self.do_branch(context, self.next_pass)

    def _wait_for(self, job_id: str) -> NoReturn:
        self.log.info("Waiting for job %s, left running by a task that failed.", job_id)
        self.defer(
            trigger=BigQueryInsertJobTrigger(
                conn_id=self.gcp_conn_id,
                job_id=job_id,
                project_id=self.collection.project,
                location=self.collection.location,
                poll_interval=self.collection.poll_seconds,
                cancel_on_kill=False,
            ),
            method_name="repair",
        )

    def _release(self, context: Context, progress: dict[str, Any]) -> dict[str, Any]:
        """Ask about an image that was embedded before; if the model answers, set the broken images aside."""
        share = f"{progress['terminal_answers']:,} of {progress['answers']:,} answers"
        status = self._ask_again(context)
        if status is None or (status and not status.startswith(RETRYABLE_STATUS_PREFIX)):
            tried = (
                "no image has been embedded before that could be asked again"
                if status is None
                else f"an image that was embedded before is now answered: {status}"
            )
            message = (
                f"{progress['terminal_status']}: {share} of this pass were terminal, and {tried}. So the "
                "model or a permission is broken, not the images. None was set aside; the next run takes "
                "them up again. Check the endpoint and the roles of the connection."
            )
            context["ti"].xcom_push(key="broken", value=message)
            raise ModelBrokenError(message)
        if status:
            raise AirflowException(
                f"{share} of this pass were terminal, and the model could not be asked again: {status}"
            )
        note = (
            f"{share} of a pass were terminal, most of them: {progress['terminal_status']}. An image "
            "that was embedded before could be embedded again, so these images are broken. They were set "
            "aside."
        )
        context["ti"].xcom_push(key="released", value=note)
        self.log.warning("%s", note)
        released = with_parameters(
            self.checked, *lease.held(self.collection, context), boolean("is_released", True)
        )
        [progress] = BigQuery.of(self.collection, context["ti"]).rows(released)
        return progress

    def _ask_again(self, context: Context) -> str | None:
        """The status of an image that was embedded before; None if there is none. One call to the model."""
        batch = Batch(
            work_order=f"{context['ti'].xcom_pull(task_ids=self.plan, key='work_order')}-known",
            batch_number=0,
            planned_at=datetime.now(UTC).isoformat(),
            images=1,
            bytes=0,
        )
        asked = BigQuery.of(self.collection, context["ti"]).rows(
            with_parameters(self.ask, *lease.held(self.collection, context), *queries.of_batch(batch))
        )
        return asked[0]["status"] if asked else None
