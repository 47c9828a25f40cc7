"""The only module that talks to BigQuery, apart from the operators of Google's provider.

Google's client is imported inside functions: importing it costs every task process about four CPU seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from vitrine.collection import Collection
from vitrine.google import lineage
from vitrine.google.jobs import limited, task_labels

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol
    from google.cloud.bigquery import Client, QueryJob, QueryJobConfig

# Timeout of a query for which a person is waiting; it is then cancelled.
ANSWER_SECONDS = 60.0
# How long a failing request is retried while a person is waiting.
RETRY_SECONDS = 3.0
# Jobs asked for in one request; BigQuery may answer with fewer and a token for the rest.
JOBS_PER_PAGE = 1_000


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


class DatasetContents(NamedTuple):
    """A dataset: its location and labels, and the names of what is in it. Views are among the tables."""

    location: str
    labels: dict[str, str]
    tables: set[str]
    models: set[str]
    routines: set[str]


@dataclass(frozen=True)
class JobFigures:
    """What a job was for, and what it came to."""

    task: str  # value of its label vitrine_task; "" if it was not of a task
    bytes_billed: int  # of a script: of all its statements; 0 while it is running
    failed: bool
    started: datetime | None = None  # None while it waits for its turn
    ended: datetime | None = None  # None while it runs


@dataclass(frozen=True)
class BigQuery:
    """BigQuery through an Airflow connection. `project_id` runs the jobs and pays for them, in `location`,
    or where BigQuery finds the tables. The identity is the connection's, or the last of
    `impersonation_chain`."""

    gcp_conn_id: str
    project_id: str
    location: str | None
    labels: tuple[tuple[str, str], ...] = ()  # for every job
    maximum_bytes_billed: int | None = None  # of a job
    impersonation_chain: str | Sequence[str] | None = None

    @classmethod
    def of(cls, collection: Collection, ti: RuntimeTaskInstanceProtocol | None = None) -> BigQuery:
        """BigQuery for a collection. `ti` is the task, if there is one, that the jobs are for."""
        labels = collection.job_labels | (task_labels(ti) if ti else {})
        return cls(
            gcp_conn_id=collection.gcp_conn_id,
            project_id=collection.project,
            location=collection.location,
            labels=tuple(labels.items()),
            maximum_bytes_billed=collection.maximum_bytes_billed,
        )

    def client(self) -> Client:
        """A client of the connection."""
        from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook

        hook = BigQueryHook(
            gcp_conn_id=self.gcp_conn_id,
            use_legacy_sql=False,
            location=self.location,
            impersonation_chain=self.impersonation_chain,
        )
        return hook.get_client(project_id=self.project_id, location=self.location)

    def rows(self, configuration: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of a query job. Errors: google.api_core.exceptions.GoogleAPIError with BigQuery's message."""
        return self.answer(configuration).rows

    def answer(self, configuration: dict[str, Any]) -> Answer:
        """Rows and statistics of a query job, without a timeout. Errors: see `rows`."""
        sql, job_config = self._sql_and_config(configuration)
        job = self.client().query(sql, job_config=job_config)
        rows = [dict(row) for row in job.result()]
        if "vitrine_task" in job_config.labels:
            lineage.emit(job)
        # The client has no public attribute for vectorSearchStatistics.
        return Answer(rows, job._properties["statistics"])

    def each_row(self, configuration: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Rows of a query job one after the other, for answers that should not be in memory at once: BigQuery
        sends at most 10 MB or so at a time. Errors: see `rows`."""
        sql, job_config = self._sql_and_config(configuration)
        job = self.client().query(sql, job_config=job_config)
        rows = job.result()
        lineage.emit(job)
        for row in rows:
            yield dict(row)

    def replace_rows(self, table_id: str, rows: list[dict[str, Any]]) -> None:
        """Let a table hold these rows and no others, in one load job, which is free of charge.

        Readers see the table as it was until all of it is new.
        https://docs.cloud.google.com/python/docs/reference/bigquery/latest/google.cloud.bigquery.job.WriteDisposition
        Errors: google.api_core.exceptions.GoogleAPIError with BigQuery's message.
        """
        from google.cloud.bigquery import LoadJobConfig, WriteDisposition

        client = self.client()
        config = LoadJobConfig(
            schema=client.get_table(table_id).schema,
            write_disposition=WriteDisposition.WRITE_TRUNCATE,
            labels=dict(self.labels),
        )
        client.load_table_from_json(rows, table_id, job_config=config).result()

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

    def rows_of(self, job_id: str) -> list[dict[str, Any]]:
        """Rows of a query job, waiting for its end; of a script, those of the last statement that it ran.

        Errors: google.api_core.exceptions.GoogleAPIError with BigQuery's message.
        """
        job = self.client().get_job(job_id, project=self.project_id, location=self.location)
        return [dict(row) for row in cast("QueryJob", job).result()]

    def running_jobs(self, *prefixes: str) -> Iterator[QueryJob]:
        """Pending and running jobs whose id begins with one of `prefixes`."""
        client = self.client()
        for state in ("pending", "running"):
            for job in client.list_jobs(project=self.project_id, state_filter=state):
                if job.job_id.startswith(prefixes):
                    yield job

    def jobs_of(self, labels: Mapping[str, str], since: datetime) -> list[JobFigures]:
        """Figures of the query jobs with these labels that this connection has created since then.

        A script is one job. Free of charge; it takes a request per 1,000 jobs or so that the connection has
        created in the project since then, whatever their labels. BigQuery keeps jobs for six months.
        https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/jobs/list
        Errors: google.api_core.exceptions.GoogleAPIError.
        """
        from google.cloud.bigquery import QueryJob

        jobs = self.client().list_jobs(
            project=self.project_id, min_creation_time=since, page_size=JOBS_PER_PAGE
        )
        return [
            JobFigures(
                task=job.labels.get("vitrine_task", ""),
                bytes_billed=job.total_bytes_billed or 0,
                failed=job.error_result is not None,
                started=job.started,
                ended=job.ended,
            )
            for job in jobs
            if isinstance(job, QueryJob) and labels.items() <= job.labels.items()
        ]

    def _sql_and_config(self, configuration: dict[str, Any]) -> tuple[str, QueryJobConfig]:
        from google.cloud.bigquery import QueryJobConfig

        query = dict(limited(configuration, self.maximum_bytes_billed)["query"])
        sql = query.pop("query")
        job_config = QueryJobConfig.from_api_repr({"query": query, "labels": dict(self.labels)})
        return sql, cast(QueryJobConfig, job_config)

    def dry_run(self, configuration: dict[str, Any]) -> None:
        """Let BigQuery look at a query job without running it, free of charge. Errors: see `rows`."""
        sql, job_config = self._sql_and_config(configuration)
        job_config.dry_run = True
        _shared_client(self).query(sql, job_config=job_config, job_retry=None)

    def dataset(self, dataset_id: str) -> DatasetContents | None:
        """A dataset and the names of what is in it, without a job; None if there is none."""
        from google.api_core.exceptions import NotFound

        client = self.client()
        with suppress(NotFound):
            found = client.get_dataset(dataset_id)
            return DatasetContents(
                location=found.location,
                labels=dict(found.labels),
                tables={table.table_id for table in client.list_tables(dataset_id)},
                models={model.model_id for model in client.list_models(dataset_id)},
                routines={routine.routine_id for routine in client.list_routines(dataset_id)},
            )
        return None

    def has_table(self, table_id: str) -> bool:
        """Whether there is a table, or view, of this id."""
        from google.api_core.exceptions import NotFound

        with suppress(NotFound):
            return bool(self.client().get_table(table_id))
        return False

    def has_model(self, model_id: str) -> bool:
        """Whether there is a model of this id."""
        from google.api_core.exceptions import NotFound

        with suppress(NotFound):
            return bool(self.client().get_model(model_id))
        return False

    def table_size(self, table_id: str, *, someone_waits: bool = False) -> TableSize:
        """Size of a table, without a job; within seconds or not at all where `someone_waits`.

        Errors: google.api_core.exceptions.NotFound; GoogleAPIError when BigQuery cannot be reached.
        """
        from google.cloud.bigquery import DEFAULT_RETRY

        retry = DEFAULT_RETRY.with_timeout(RETRY_SECONDS) if someone_waits else DEFAULT_RETRY
        table = self.client().get_table(table_id, retry=retry)
        return TableSize(table.num_rows or 0, table.num_bytes or 0)


def is_emulated() -> bool:
    """Whether an emulator answers instead of BigQuery: Google's client reads the same variable."""
    return bool(os.environ.get("BIGQUERY_EMULATOR_HOST"))


@cache
def _shared_client(bigquery: BigQuery) -> Client:
    """One client for many requests of a process, which saves each a login and a connection."""
    return bigquery.client()
