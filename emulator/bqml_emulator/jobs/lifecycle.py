"""Jobs as BigQuery has them: answered at once, outliving their client, ids used once, ended for certain."""

import concurrent.futures
import contextlib
import json
import logging
import threading
import time

import duckdb
from local_bigquery import errors
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError, already_exists, not_found
from local_bigquery.jobs import runner, store
from local_bigquery.models import Job

from bqml_emulator.core import limits
from bqml_emulator.core.config import LOCATION
from bqml_emulator.engine import full_disk
from bqml_emulator.jobs import commits, query_requests

CANCEL_WAIT_MS = 1000  # milliseconds that jobs.cancel waits for the job to end before it answers
SUBMIT_WAIT_MS = 200  # milliseconds; quick statements are DONE in the answer to jobs.insert, others RUNNING
WORKERS = 64  # jobs that run side by side; BigQuery's own limits are far above
STOP_SECONDS = 3.0
INTERRUPT_SECONDS = 0.02  # between two interrupts of a job that is to stop
REASONS = {  # BQ/error-messages
    "resourcesExceeded": (400, "RESOURCE_EXHAUSTED"),
    "bytesBilledLimitExceeded": (400, "INVALID_ARGUMENT"),  # the reason was observed, its HTTP code is ours
    "jobInternalError": (400, "INTERNAL"),
    "jobBackendError": (400, "INTERNAL"),
    "backendError": (503, "UNAVAILABLE"),
    full_disk.REASON: (507, "RESOURCE_EXHAUSTED"),
}
EXPIRED_RESULTS = """
SELECT t.table_name FROM duckdb_tables() AS t
LEFT JOIN emulator.jobs AS j ON t.table_name = j.project_id || ':' || j.job_id
WHERE t.database_name = 'emulator' AND t.schema_name = '_results' AND coalesce(j.creation_time, 0) < ?
"""
log = logging.getLogger(__name__)
_submit_lock = threading.Lock()


def _label(project_id: str, job_id: str) -> str:
    return f"{project_id}:{LOCATION}.{job_id}"


def _started(job: Job) -> Job:
    """A job with a start, which only the process that has died may have known: then when it was made."""
    start = job.statistics.startTime or job.statistics.creationTime
    return job.replace(statistics=job.statistics.replace(startTime=start))


def _interrupted(job: Job, error: BigQueryError | None = None) -> Job:
    error = error or BigQueryError("jobInternalError", limits.INTERRUPTED)
    status = {"state": "DONE", "errorResult": error.proto(), "errors": [error.proto()]}
    end_time = str(int(time.time() * 1000))
    job = _started(job)
    return job.replace(status=status, statistics=job.statistics.replace(endTime=end_time))


def recover():
    """At start: a job that was running when the process died had committed, or else DuckDB has undone it."""
    committed = commits.found()
    for (resource,) in database.fetch("SELECT resource FROM emulator.jobs WHERE state <> 'DONE'"):
        job = Job.model_validate_json(resource)
        statistics = committed.get((job.jobReference.projectId, job.jobReference.jobId))
        store.save(_interrupted(job) if statistics is None else commits.done(_started(job), statistics))
    commits.forget()
    oldest = int((time.time() - limits.RESULT_LIFETIME_SECONDS) * 1000)
    for (table,) in database.fetch(EXPIRED_RESULTS, [oldest]):
        database.execute(f"DROP TABLE IF EXISTS emulator._results.{database.quote(table)}")


def _stop(key: tuple[str, str]):
    """Stop a running job, without waiting for its end."""
    if running := runner._running.get(key):
        running.cancelled = True
        threading.Thread(target=_interrupt, args=(key, running), daemon=True).start()


def _interrupt(key: tuple[str, str], running: runner.Running):
    """DuckDB forgets an interrupt that comes between two of its statements: repeat it until the job ends."""
    while runner._running.get(key) is running:
        with contextlib.suppress(duckdb.Error):  # the cursor may be closed already
            if running.cursor:
                running.cursor.interrupt()
        time.sleep(INTERRUPT_SECONDS)


def stop_all():
    """At a clean stop: interrupt every running job and record why it ended."""
    keys = list(runner._running)
    futures = [running.future for running in runner._running.values() if running.future]
    for key in keys:
        _stop(key)
    concurrent.futures.wait(futures, timeout=STOP_SECONDS)
    for key in keys:
        job = store.load(*key)
        if job.status.state != "DONE" or job.status.errorResult:
            store.save(_interrupted(job))


def _get(project_id: str, job_id: str) -> Job:
    job = store.load(project_id, job_id)
    if job is None:
        raise not_found("Job", _label(project_id, job_id))
    return job


def _cancel(project_id: str, job_id: str) -> Job:
    _get(project_id, job_id)
    _stop((project_id, job_id))
    return runner.wait(project_id, job_id, CANCEL_WAIT_MS)


def install():
    """Adapt local-bigquery's runner."""
    submit, execute = runner.submit, runner._execute
    errors.STATUSES.update(REASONS)
    runner.SUBMIT_WAIT_MS = SUBMIT_WAIT_MS
    runner._executor = concurrent.futures.ThreadPoolExecutor(WORKERS, "job")

    def submit_once(project_id, job_id, configuration, upload=None):
        if configuration.dryRun:
            return submit(project_id, job_id, configuration, upload)
        with _submit_lock:  # two requests with one new job id must not both start it
            if query_requests.has_id(configuration):
                job_id, configuration, asked_before = query_requests.identify(project_id, configuration)
                if asked_before:
                    return asked_before
            if store.load(project_id, job_id):
                raise already_exists("Job", _label(project_id, job_id))
            return submit(project_id, job_id, configuration, upload)

    def execute_to_an_end(job, *arguments):
        try:
            execute(job, *arguments)
        except Exception as error:  # e.g. its end could not be recorded; it must not run for ever
            key = (job.jobReference.projectId, job.jobReference.jobId)
            job = store.load(*key) or job
            log.exception("job %s failed outside of its statement", json.dumps(key))
            runner._running.pop(key, None)
            store.save(_interrupted(job, full_disk.as_error(error)))

    runner.submit, runner.get, runner.cancel = submit_once, _get, _cancel
    runner._execute = execute_to_an_end
