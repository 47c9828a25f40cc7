"""The one place that talks to BigQuery, but for the operators that Google's provider brings.

The Google client is imported inside the functions: importing it costs every task process some four CPU
seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from vitrine.collection import Collection

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, QueryJob, QueryJobConfig

# A person waits no longer than this for an answer; what is still running then is cancelled.
ANSWER_SECONDS = 60.0
# How long a request that does not get through is repeated while a person waits.
RETRY_SECONDS = 3.0


@dataclass(frozen=True)
class Answer:
    """Rows of a query, and the job's `statistics` as the REST API has them.

    https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics
    """

    rows: list[dict[str, Any]]
    statistics: dict[str, Any]

    @property
    def milliseconds(self) -> int:
        """BigQuery's own time, from the job's creation to its end."""
        return int(float(self.statistics["endTime"]) - float(self.statistics["creationTime"]))

    @property
    def bytes_billed(self) -> int:
        """Bytes that BigQuery bills for the job."""
        return int(self.statistics["query"].get("totalBytesBilled", 0))


@dataclass(frozen=True)
class BigQuery:
    """BigQuery as one Airflow connection sees it: `project_id` runs and pays, in `location`."""

    gcp_conn_id: str
    project_id: str
    location: str
    labels: tuple[tuple[str, str], ...] = ()  # of every job

    @classmethod
    def of(cls, collection: Collection) -> BigQuery:
        """BigQuery for a collection."""
        labels = tuple(collection.job_labels.items())
        return cls(collection.gcp_conn_id, collection.project, collection.location, labels)

    def client(self) -> Client:
        """A client of the connection."""
        from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook

        hook = BigQueryHook(gcp_conn_id=self.gcp_conn_id, use_legacy_sql=False, location=self.location)
        return hook.get_client(project_id=self.project_id, location=self.location)

    def rows(self, configuration: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of a query job. Errors: google.api_core.exceptions.GoogleAPIError, in BigQuery's words."""
        return self.answer(configuration).rows

    def answer(self, configuration: dict[str, Any]) -> Answer:
        """Rows and statistics of a query job, however long it takes. Errors: those of `rows`."""
        sql, job_config = self._sql_and_config(configuration)
        job = self.client().query(sql, job_config=job_config)
        rows = [dict(row) for row in job.result()]
        # The client has no public name for vectorSearchStatistics.
        return Answer(rows, job._properties["statistics"])

    def ask(self, configuration: dict[str, Any], label: str) -> Answer:
        """Answer a query for which a person waits: one round trip, and one more for its statistics.

        The job has the label `vitrine` with this value. Errors: google.api_core.exceptions.GoogleAPIError in
        BigQuery's words, RetryError when BigQuery cannot be reached, TimeoutError.
        """
        from google.cloud.bigquery import DEFAULT_RETRY

        sql, job_config = self._sql_and_config(configuration)
        job_config.labels = {**job_config.labels, "vitrine": label}
        client, retry = _shared_client(self), DEFAULT_RETRY.with_timeout(RETRY_SECONDS)
        # Without a job_retry: a statement that failed may have paid for a call of the model.
        rows = client.query_and_wait(
            sql, job_config=job_config, retry=retry, job_retry=None, wait_timeout=ANSWER_SECONDS
        )
        job = client.get_job(rows.job_id, location=rows.location, retry=retry)
        # The client has no public name for vectorSearchStatistics.
        return Answer([dict(row) for row in rows], job._properties["statistics"])

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

    def _sql_and_config(self, configuration: dict[str, Any]) -> tuple[str, QueryJobConfig]:
        from google.cloud.bigquery import QueryJobConfig

        query = {key: value for key, value in configuration["query"].items() if key != "query"}
        job_config = QueryJobConfig.from_api_repr({"query": query, "labels": dict(self.labels)})
        return configuration["query"]["query"], job_config

    def logical_bytes(self, table_id: str) -> int:
        """Logical size of a table, as the rules for vector indexes measure it."""
        return self.client().get_table(table_id).num_bytes or 0


@cache
def _shared_client(bigquery: BigQuery) -> Client:
    """One client for all requests of a web server: a new one each would log in and connect anew."""
    return bigquery.client()
