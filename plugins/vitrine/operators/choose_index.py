"""The branch before the vector index: are there rows enough for one?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.bigquery import BigQuery
from vitrine.index_state import too_few_rows

if TYPE_CHECKING:
    from airflow.sdk import Context


class ChooseIndexOperator(BaseBranchOperator):
    """Choose `create` when the table has rows enough for a vector index, else `skip`, saying why.

    :param configuration: query job that counts the rows (column row_count).
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(
        self, *, configuration: dict[str, Any], create: str, skip: str, bigquery: BigQuery, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.configuration, self.create, self.skip, self.bigquery = configuration, create, skip, bigquery

    def choose_branch(self, context: Context) -> str:
        """Task id to go on with. Pushes the XCom `vector_index` (a sentence) when there will be no index."""
        [counted] = self.bigquery.rows(self.configuration)
        state = too_few_rows(counted["row_count"])
        if state is None:
            return self.create
        self.log.info("%s", state.message)
        context["ti"].xcom_push(key="vector_index", value=state.message)
        return self.skip
