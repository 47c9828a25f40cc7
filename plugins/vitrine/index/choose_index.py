"""The branch before the vector index: are there rows enough for one?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import query_job
from vitrine.index.state import too_few_rows

if TYPE_CHECKING:
    from airflow.sdk import Context


class ChooseIndexOperator(BaseBranchOperator):
    """Choose `enough` when the table has rows enough for a vector index, else `too_few`, saying why."""

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(self, *, collection: Collection, enough: str, too_few: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection
        self.configuration = query_job("index/count_embeddings.sql")
        self.enough, self.too_few = enough, too_few

    def choose_branch(self, context: Context) -> str:
        """Task id to go on with. Pushes the XCom `vector_index` (a sentence) when there will be no index."""
        [counted] = BigQuery.of(self.collection).rows(self.configuration)
        state = too_few_rows(counted["row_count"])
        if state is None:
            return self.enough
        self.log.info("%s", state.message)
        context["ti"].xcom_push(key="vector_index", value=state.message)
        return self.too_few
