"""The branch before the vector index is rebuilt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine import limits, recall
from vitrine.bigquery import BigQuery
from vitrine.errors import IndexNotRebuiltError

if TYPE_CHECKING:
    from airflow.sdk import Context


class ChooseRebuildOperator(BaseBranchOperator):
    """Choose `rebuild` when the images have drifted away from the index, or a person says so, else `skip`.

    Errors: IndexNotRebuiltError when other runs have rebuilt it too often within a day.

    :param measured: task id of the measurement.
    :param force: rebuild in any case; a template that renders to True or False.
    :param configuration: query job that counts the rebuilds of the last day (column rebuilds).
    """

    template_fields = ("configuration", "force")
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self, *, measured: str, force: str, configuration: dict[str, Any], rebuild: str, skip: str,
        bigquery: BigQuery, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.measured, self.force, self.configuration = measured, force, configuration
        self.rebuild, self.skip_to, self.bigquery = rebuild, skip, bigquery

    def choose_branch(self, context: Context) -> str:
        """Task id to go on with."""
        measured = context["ti"].xcom_pull(task_ids=self.measured)
        if not (self.force == "True" or recall.has_drifted(measured)):
            self.log.info("No rebuild: the drift is below %s.", limits.SIGNIFICANT_DRIFT)
            return self.skip_to
        [counted] = self.bigquery.rows(self.configuration)
        if counted["rebuilds"] >= recall.MAX_REBUILDS_PER_DAY:
            raise IndexNotRebuiltError(
                f"The index was rebuilt {counted['rebuilds']} times within a day. BigQuery allows "
                f"{limits.MAX_VECTOR_INDEX_STATEMENTS_PER_DAY} such statements a table and day, and "
                "embed_images needs some of them: try again tomorrow."
            )
        return self.rebuild
