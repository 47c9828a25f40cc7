"""The preflight of searches: embeds words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException

from vitrine.collection import Collection
from vitrine.google.access import Access
from vitrine.google.jobs import query_job
from vitrine.google.statement import BigQueryRowsOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class AskWordsOperator(BigQueryRowsOperator):
    """Embed a few words with the model, as a search does. Errors: AirflowException with its status."""

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(collection=collection, configuration=query_job("setup/ask_words.sql"), **kwargs)

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> None:
        """Fail with the model's status, unless it is empty."""
        [asked] = rows
        if asked["status"]:
            raise AirflowException(
                f"The model did not embed words: {asked['status']}. {Access(self.collection).advice()}"
            )
        self.log.info("The model has embedded words.")
