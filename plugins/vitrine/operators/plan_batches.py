"""The task that writes the work order of a pass, before any money is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.configuration import conf

from vitrine import turns
from vitrine.bigquery import BigQuery
from vitrine.jobs import int64, job_id, string, with_parameters
from vitrine.planning import Batch, Rates, embed_job_prefix, estimate, refuse_unworkable

if TYPE_CHECKING:
    from airflow.sdk import Context


class PlanBatchesOperator(BaseOperator):
    """Write a work order and return its batches. Pushes its name as XCom `work_order`.

    It first waits for jobs that an earlier run or a killed task left behind in BigQuery: what they embed is
    paid for and must not be planned again, and what they publish must not be published beside them.

    :param write: query job that writes the work order; gets the parameters `work_order` and `pass_number`.
    :param read: query job that reads its batches; gets the parameter `work_order`.
    :param rates: price and pace of the model, for the estimate.
    """

    template_fields = ("write", "read", "work_order")
    template_ext = (".sql",)
    template_fields_renderers = {"write": "json", "read": "json"}

    def __init__(
        self, *, pass_number: int, write: dict[str, Any], read: dict[str, Any], rates: Rates,
        dataset: str, bigquery: BigQuery, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.work_order = f"{{{{ work_order(ti, {pass_number}) }}}}"
        order = string("work_order", self.work_order)
        self.write = with_parameters(write, order, int64("pass_number", pass_number))
        self.read = with_parameters(read, order)
        self.rates, self.dataset, self.bigquery = rates, dataset, bigquery

    def execute(self, context: Context) -> list[Batch]:
        """Write the work order; return its batches for embed_batch to map over."""
        turns.check(context)
        self._wait_for_jobs_left_running(context["ti"].dag_id)
        self.bigquery.rows(self.write)
        batches = [Batch(**row) for row in self.bigquery.rows(self.read)]
        self.log.info("Plan: %s", estimate(batches, self.rates))
        refuse_unworkable(batches, conf.getint("core", "max_map_length"), self.rates.images_per_minute)
        context["ti"].xcom_push(key="work_order", value=self.work_order)
        return batches

    def _wait_for_jobs_left_running(self, dag_id: str) -> None:
        for prefix in (embed_job_prefix(self.dataset), f"{job_id('vitrine', self.dataset, dag_id)}-"):
            for job in self.bigquery.running_jobs(prefix):
                self.log.info("Waiting for job %s, which an earlier task left running.", job.job_id)
                # Without a timeout of its own the client gives up after 15 minutes. How the job ends does not
                # matter, what it writes does.
                job.exception(timeout=None)
