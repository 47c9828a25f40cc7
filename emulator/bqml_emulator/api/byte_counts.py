"""The bytes of a query in the answers of the REST API, where local-bigquery says 0."""

import contextvars

from local_bigquery.api import jobs as api
from local_bigquery.jobs import runner
from local_bigquery.models import Job

from bqml_emulator.billing import query_bytes
from bqml_emulator.engine import catalog_lookups

_answered: contextvars.ContextVar[Job | None] = contextvars.ContextVar("answered_job", default=None)


def install():
    """Show the bytes wherever local-bigquery says 0."""
    done, results, submit, with_rows = runner._done, api.results, runner.submit, api.with_rows

    def done_with_bytes(job, statistics, error=None):
        job = done(job, statistics, error)
        if query := job.statistics.query:
            job = job.replace(
                statistics=job.statistics.replace(totalBytesProcessed=query.totalBytesProcessed)
            )
        return job

    def submit_remembered(*arguments):
        job = submit(*arguments)
        _answered.set(job)
        return job

    def results_remembered(job, *arguments):
        _answered.set(job)
        with catalog_lookups.once():
            return results(job, *arguments)

    def with_rows_and_bytes(payload, rows):
        query = _answered.get() and _answered.get().statistics.query
        known = {key: getattr(query, key) for key in query_bytes.KEYS if query and key in payload}
        return with_rows(payload | known, rows)

    runner._done, runner.submit = done_with_bytes, submit_remembered
    api.results, api.with_rows = results_remembered, with_rows_and_bytes
