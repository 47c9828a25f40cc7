"""The branch before the vector index: are there enough rows for one?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery
from vitrine.index.state import too_few_rows

if TYPE_CHECKING:
    from airflow.sdk import Context


class ChooseIndexOperator(BaseBranchOperator):
    """Choose `enough` when the table has enough rows for a vector index, else `too_few`."""

    def __init__(self, *, collection: Collection, enough: str, too_few: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection
        self.enough, self.too_few = enough, too_few

    def choose_branch(self, context: Context) -> str:
        """Task id to continue with."""
        table_id = self.collection.table_id("image_embeddings")
        bigquery = BigQuery.of(self.collection, context["ti"])
        state = too_few_rows(bigquery.table_size(table_id).rows)
        if state is None:
            return self.enough
        self.log.info("%s", state.message)
        return self.too_few
