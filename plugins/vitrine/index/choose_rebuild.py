"""The branch before the vector index is rebuilt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine import limits
from vitrine.collection import Collection
from vitrine.errors import IndexNotRebuiltError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import RUN_ID, query_job
from vitrine.index import recall

if TYPE_CHECKING:
    from airflow.sdk import Context


class ChooseRebuildOperator(BaseBranchOperator):
    """Choose `rebuild` when the images have drifted away from the index or the Param `rebuild` is set, else
    `keep`.

    Errors: IndexNotRebuiltError when other runs have rebuilt the index too often within a day.

    :param measured: task id of the measurement.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self, *, collection: Collection, measured: str, rebuild: str, keep: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.collection, self.measured = collection, measured
        self.configuration = query_job("index/count_rebuilds.sql", RUN_ID)
        self.rebuild, self.keep = rebuild, keep

    def choose_branch(self, context: Context) -> str:
        """Task id to continue with."""
        measured: recall.Measurement = context["ti"].xcom_pull(task_ids=self.measured)
        if not (context["params"]["rebuild"] or recall.has_drifted(measured)):
            self.log.info("No rebuild: drift is below %s.", limits.SIGNIFICANT_DRIFT)
            return self.keep
        [counted] = BigQuery.of(self.collection, context["ti"]).rows(self.configuration)
        if counted["rebuilds"] >= recall.MAX_REBUILDS_PER_DAY:
            raise IndexNotRebuiltError(
                f"The index was rebuilt {counted['rebuilds']} times within a day. BigQuery allows "
                f"{limits.MAX_VECTOR_INDEX_STATEMENTS_PER_DAY} such statements per table and day, and "
                "embed_images needs some of them. Try again tomorrow."
            )
        return self.rebuild
