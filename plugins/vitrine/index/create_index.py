"""Creates the vector index, once there are enough rows for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.google.cloud.links.bigquery import BigQueryJobDetailLink

from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import query_job
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.index.state import too_few_rows

if TYPE_CHECKING:
    from airflow.sdk import Context


class CreateVectorIndexOperator(BigQueryStatementOperator):
    """Create the vector index unless it exists. With too few rows for one, succeed without a job: search is
    then exact, and a later run creates the index."""

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(
            collection=collection, configuration=query_job("index/create_vector_index.sql"), **kwargs
        )

    def execute(self, context: Context) -> str | None:
        """Run the statement, deferred if it takes long. Returns the job id; None if there was no job."""
        table_id = self.collection.table_id("image_embeddings")
        bigquery = BigQuery.of(self.collection, context["ti"])
        if state := too_few_rows(bigquery.table_size(table_id).rows):
            self.log.info("%s", state.message)
            # Airflow asks for the link to the job all the same, and logs an error if it finds nothing.
            BigQueryJobDetailLink.persist(context)
            return None
        job_id: str = super().execute(context)
        return job_id
