"""The one place that talks to BigQuery, but for the operators that Google's provider brings.

The Google client is imported inside the functions: importing it costs every task process some four CPU
seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, QueryJob


@dataclass(frozen=True)
class BigQuery:
    """BigQuery as one Airflow connection sees it: `project_id` runs and pays, in `location`."""

    gcp_conn_id: str
    project_id: str
    location: str

    def client(self) -> Client:
        """A client of the connection."""
        from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook

        hook = BigQueryHook(gcp_conn_id=self.gcp_conn_id, use_legacy_sql=False, location=self.location)
        return hook.get_client(project_id=self.project_id, location=self.location)

    def rows(self, configuration: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of a query job. Errors: google.api_core.exceptions.GoogleAPIError, in BigQuery's words."""
        from google.cloud.bigquery import QueryJobConfig

        query = {key: value for key, value in configuration["query"].items() if key != "query"}
        job_config = QueryJobConfig.from_api_repr({"query": query})
        result = self.client().query(configuration["query"]["query"], job_config=job_config).result()
        return [dict(row) for row in result]

    def job(self, job_id: str) -> QueryJob | None:
        """The job with this id, or None when there is none."""
        from google.api_core.exceptions import NotFound

        with suppress(NotFound):
            return self.client().get_job(job_id, project=self.project_id, location=self.location)
        return None

    def running_jobs(self, prefix: str) -> Iterator[QueryJob]:
        """Jobs that are pending or running and whose id begins with `prefix`."""
        client = self.client()
        for state in ("pending", "running"):
            for job in client.list_jobs(project=self.project_id, state_filter=state):
                if job.job_id.startswith(prefix):
                    yield job

    def logical_bytes(self, table_id: str) -> int:
        """Logical size of a table, as the rules for vector indexes measure it."""
        return self.client().get_table(table_id).num_bytes or 0
