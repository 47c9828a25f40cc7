"""The task that writes the work order of a pass, before any money is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import BaseOperator
from airflow.sdk.configuration import conf

from vitrine.collection import Collection
from vitrine.embed import queries, turns
from vitrine.embed.planning import Batch, embed_job_prefix, estimate, refuse_unworkable
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import int64, job_id, query_job, string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context


class PlanBatchesOperator(BaseOperator):
    """Write a work order and return its batches. Pushes the name of the work order as XCom `work_order`.

    It first waits for jobs that an earlier run or a killed task left running in BigQuery: what they embed is
    paid for and must not be planned again, and nothing may be published at the same time as they publish.

    :param pass_number: 1 for the pass that decides what the run embeds; later passes repair it.
    """

    template_fields = ("write", "read", "work_order")
    template_ext = (".sql",)
    template_fields_renderers = {"write": "json", "read": "json"}

    def __init__(self, *, collection: Collection, pass_number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.work_order = f"{{{{ work_order(ti, {pass_number}) }}}}"
        order = string("work_order", self.work_order)
        self.write = with_parameters(queries.plan(collection), order, int64("pass_number", pass_number))
        self.read = query_job("embed/select_batches.sql", order)
        self.collection = collection

    def execute(self, context: Context) -> list[Batch]:
        """Write the work order; return its batches for embed_batch to map over."""
        turns.check(context, turns.for_tables(self.collection))
        bigquery, rates = BigQuery.of(self.collection), self.collection.rates
        self._wait_for_jobs_left_running(bigquery, context["ti"].dag_id)
        bigquery.rows(self.write)
        batches = cast(list[Batch], bigquery.rows(self.read))
        self.log.info("Plan: %s", estimate(batches, rates))
        refuse_unworkable(batches, conf.getint("core", "max_map_length"), rates.images_per_minute)
        context["ti"].xcom_push(key="work_order", value=self.work_order)
        return batches

    def _wait_for_jobs_left_running(self, bigquery: BigQuery, dag_id: str) -> None:
        namespace = self.collection.namespace
        for prefix in (embed_job_prefix(namespace), f"{job_id('vitrine', namespace, dag_id)}-"):
            for job in bigquery.running_jobs(prefix):
                self.log.info("Waiting for job %s, left running by an earlier task.", job.job_id)
                # With its default timeout, the client gives up after 15 minutes. It does not matter how the
                # job ends, only that it has stopped writing.
                job.exception(timeout=None)
