"""The task that writes the work order of a pass, before any money is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    """Write a work order and return its batches. Pushes its name as XCom `work_order`.

    It first waits for jobs that an earlier run or a killed task left behind in BigQuery: what they embed is
    paid for and must not be planned again, and what they publish must not be published beside them.

    :param pass_number: 1 for the pass that decides what the run embeds; later ones repair it.
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
        batches = [Batch(**row) for row in bigquery.rows(self.read)]
        self.log.info("Plan: %s", estimate(batches, rates))
        refuse_unworkable(batches, conf.getint("core", "max_map_length"), rates.images_per_minute)
        context["ti"].xcom_push(key="work_order", value=self.work_order)
        return batches

    def _wait_for_jobs_left_running(self, bigquery: BigQuery, dag_id: str) -> None:
        namespace = self.collection.namespace
        for prefix in (embed_job_prefix(namespace), f"{job_id('vitrine', namespace, dag_id)}-"):
            for job in bigquery.running_jobs(prefix):
                self.log.info("Waiting for job %s, which an earlier task left running.", job.job_id)
                # Without a timeout of its own the client gives up after 15 minutes. How the job ends does not
                # matter, what it writes does.
                job.exception(timeout=None)
