"""The only module that talks to BigQuery, apart from the operators of Google's provider.

Google's client is imported inside functions: importing it costs every task process about four CPU seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from vitrine.collection import Collection

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, QueryJob, QueryJobConfig

# Timeout of a query for which a person is waiting; it is then cancelled.
ANSWER_SECONDS = 60.0
# How long a failing request is retried while a person is waiting.
RETRY_SECONDS = 3.0


@dataclass(frozen=True)
class Answer:
    """Rows of a query, and the `statistics` of its job as in the REST API.

    https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics
    """

    rows: list[dict[str, Any]]
    statistics: dict[str, Any]

    @property
    def milliseconds(self) -> int:
        """Time that BigQuery took, from the creation of the job to its end."""
        return int(float(self.statistics["endTime"]) - float(self.statistics["creationTime"]))

    @property
    def bytes_billed(self) -> int:
        """Bytes that BigQuery bills for the job."""
        return int(self.statistics["query"].get("totalBytesBilled", 0))


class TableSize(NamedTuple):
    """Rows and logical bytes of a table: the size that the limits of vector indexes refer to."""

    rows: int
    bytes: int


@dataclass(frozen=True)
class BigQuery:
    """BigQuery through an Airflow connection. `project_id` runs the jobs and pays for them, in `location`."""

    gcp_conn_id: str
    project_id: str
    location: str
    labels: tuple[tuple[str, str], ...] = ()  # for every job

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
        """Rows of a query job. Errors: google.api_core.exceptions.GoogleAPIError with BigQuery's message."""
        return self.answer(configuration).rows

    def answer(self, configuration: dict[str, Any]) -> Answer:
        """Rows and statistics of a query job, without a timeout. Errors: see `rows`."""
        sql, job_config = self._sql_and_config(configuration)
        job = self.client().query(sql, job_config=job_config)
        rows = [dict(row) for row in job.result()]
        # The client has no public attribute for vectorSearchStatistics.
        return Answer(rows, job._properties["statistics"])

    def ask(self, configuration: dict[str, Any], label: str) -> Answer:
        """Run a query for which a person is waiting: one round trip, and another one for its statistics.

        The job has the label `vitrine` with this value. Errors: google.api_core.exceptions.GoogleAPIError
        with BigQuery's message, RetryError when BigQuery cannot be reached, TimeoutError.
        """
        from google.cloud.bigquery import DEFAULT_RETRY

        sql, job_config = self._sql_and_config(configuration)
        job_config.labels = {**job_config.labels, "vitrine": label}
        client, retry = _shared_client(self), DEFAULT_RETRY.with_timeout(RETRY_SECONDS)
        # Without a job_retry: a failed statement may already have been billed for a call to the model.
        rows = client.query_and_wait(
            sql,
            job_config=job_config,
            retry=retry,
            job_retry=None,  # type: ignore[arg-type]  # documented: "Passing None disables job retry"
            wait_timeout=ANSWER_SECONDS,
        )
        assert rows.job_id is not None  # the client leaves out the job only when asked to
        job = client.get_job(rows.job_id, location=rows.location, retry=retry)
        # The client has no public attribute for vectorSearchStatistics.
        return Answer([dict(row) for row in rows], job._properties["statistics"])

    def job(self, job_id: str) -> QueryJob | None:
        """The job with this id, or None if there is none."""
        from google.api_core.exceptions import NotFound

        with suppress(NotFound):
            job = self.client().get_job(job_id, project=self.project_id, location=self.location)
            return cast("QueryJob", job)  # we start no other kind
        return None

    def running_jobs(self, prefix: str) -> Iterator[QueryJob]:
        """Pending and running jobs whose id begins with `prefix`."""
        client = self.client()
        for state in ("pending", "running"):
            for job in client.list_jobs(project=self.project_id, state_filter=state):
                if job.job_id.startswith(prefix):
                    yield job

    def _sql_and_config(self, configuration: dict[str, Any]) -> tuple[str, QueryJobConfig]:
        from google.cloud.bigquery import QueryJobConfig

        query = {key: value for key, value in configuration["query"].items() if key != "query"}
        job_config = QueryJobConfig.from_api_repr({"query": query, "labels": dict(self.labels)})
        return configuration["query"]["query"], cast(QueryJobConfig, job_config)

    def table_size(self, table_id: str) -> TableSize:
        """Size of a table, without a job. Errors: google.api_core.exceptions.NotFound."""
        table = self.client().get_table(table_id)
        return TableSize(table.num_rows or 0, table.num_bytes or 0)


@cache
def _shared_client(bigquery: BigQuery) -> Client:
    """One client for all requests to a web server, which saves each a login and a connection."""
    return bigquery.client()
