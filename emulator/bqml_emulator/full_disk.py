"""A full disk under BigQuery: an error that says so, and everything goes on once there is room.

DuckDB undoes what it cannot write, with one exception: a database whose checkpoint fails is given up, "detach
and reattach it". That is done here, as often as it takes. What was committed is in its log and comes back. The end
of a job that cannot be recorded is remembered and recorded later; jobs.get tells it at once.
"""

import contextlib
import re
import threading
import time

import duckdb
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError, from_exception
from local_bigquery.jobs import runner, store
from local_bigquery.models import Job
from local_bigquery.settings import settings

from bqml_emulator import database_files, disk

REASON = "diskFull"  # ours; no client of Google's repeats it
INVALIDATED = re.compile(r'atabase "([^"]+)"[^"]* has been invalidated')  # DuckDB's words
DURABLE = "COMMIT succeeded and is durable"  # DuckDB's words: only the checkpoint after it has failed
PROBES = {"emulator": "jobs"}  # tables that every such database has; of projects: commits.NOTES
PAUSE_SECONDS = 0.2  # between two attempts
_lock = threading.Lock()
_given_up: set[str] = set()
_unrecorded: dict[tuple[str, str], Job] = {}


def as_error(error: BaseException) -> BigQueryError | None:
    """The error for a client if the disk was full, or is just being recovered from it; else None."""
    notice(error)
    if disk.is_full(error) or _given_up:
        return BigQueryError(REASON, disk.message(settings.data_dir))
    return None


def is_durable(error: duckdb.Error) -> bool:
    """Whether a COMMIT that failed has nevertheless committed."""
    notice(error)
    return DURABLE in str(error)


def notice(error: BaseException):
    """Open a database again that DuckDB has given up."""
    for name in INVALIDATED.findall(str(error)):
        with _lock:
            if name in _given_up:
                continue
            _given_up.add(name)
        threading.Thread(target=_reopen, args=(name,), daemon=True).start()


def _reopen(name: str):
    while not _is_open(name):
        with contextlib.suppress(duckdb.Error), database.cursor() as cursor:
            cursor.execute(f"DETACH DATABASE IF EXISTS {database.quote(name)}")
        with contextlib.suppress(duckdb.Error):  # in use by statements that have not ended yet
            database_files.attach_again(name)
        time.sleep(PAUSE_SECONDS)
    with _lock:
        _given_up.discard(name)


def _is_open(name: str) -> bool:
    try:
        database.fetch(f"FROM {database.quote(name, 'main', PROBES.get(name, '_bqml_commits'))} LIMIT 0")
    except duckdb.Error:
        return False
    return True


def _record_later(save):
    """Record the ends of jobs as soon as that is possible."""
    while _unrecorded:
        time.sleep(PAUSE_SECONDS)
        for key, job in list(_unrecorded.items()):
            with contextlib.suppress(duckdb.Error):
                save(job)
                _unrecorded.pop(key, None)


def _install_records():
    save, load, list_jobs = store.save, store.load, store.list_

    def save_now_or_later(job: Job) -> Job:
        key = (job.jobReference.projectId, job.jobReference.jobId)
        try:
            return save(job)
        except duckdb.Error as error:
            if is_durable(error):
                return job
            if job.status.state != "DONE" or not as_error(error):
                raise
        with _lock:
            is_first = not _unrecorded
            _unrecorded[key] = job
        if is_first:
            threading.Thread(target=_record_later, args=(save,), daemon=True).start()
        return job

    def load_any(project_id, job_id):
        return _unrecorded.get((project_id, job_id)) or load(project_id, job_id)

    def list_any(project_id, states=None, *arguments, **options):
        jobs = [_unrecorded.get((project_id, job.jobReference.jobId), job) for job in list_jobs(
            project_id, states, *arguments, **options)]  # fmt: skip
        return [job for job in jobs if not states or job.status.state in states]

    store.save, store.load, store.list_ = save_now_or_later, load_any, list_any


def install():
    """Look at every error of a job, and at every record of one."""
    _install_records()
    runner.from_exception = lambda error: as_error(error) or from_exception(error)
