"""A full disk under BigQuery: an error that says so, and everything goes on once there is room.

DuckDB undoes what it cannot write, with two exceptions. A database whose checkpoint fails is given up until
it is detached and attached again; that is done here, and what was committed comes back from its log. The
file of a statement that filled the disk stays as large as it had become; it is shrunk, so that such a
statement leaves the disk as it found it. The end of a job that cannot be recorded is remembered, told at
once, and recorded later. For all this a reserve is kept, a file that is given up when the disk is full.
"""

import contextlib
import re
import shutil
import threading
import time
from pathlib import Path

import duckdb
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError, from_exception
from local_bigquery.jobs import runner, store
from local_bigquery.models import Job
from local_bigquery.settings import settings

from bqml_emulator.core import disk
from bqml_emulator.engine import database_files

REASON = "diskFull"  # ours; no client of Google's repeats it
RESERVE = 2 * 2**20  # bytes: a few pages of a log, and the two blocks of 256 KiB that a checkpoint writes
# DuckDB's words
INVALIDATED = re.compile(r'atabase "([^"]+)"[^"]* has been invalidated')
GROWN = re.compile(r'Could not write file "([^"]+\.duckdb)": ')
DURABLE = "COMMIT succeeded and is durable"  # only the checkpoint after it has failed
PAUSE_SECONDS = 0.2  # between two attempts
GRACE_SECONDS = 2.0  # in which statements still end that had met a database while it was detached
_lock = threading.Lock()
_reopened_at = float("-inf")  # when a database was opened again, by the monotonic clock
_given_up: dict[str, bool] = {}  # databases to open again; True: even if it seems to be open
_grown: set[str] = set()  # databases to shrink, once they are open
_unrecorded: dict[tuple[str, str], Job] = {}
_recovery: threading.Thread | None = None


def as_error(error: BaseException) -> BigQueryError | None:
    """The error for a client if the disk was full, or is just being recovered from it; else None."""
    notice(error)
    is_recovering = _given_up or time.monotonic() < _reopened_at + GRACE_SECONDS
    if disk.is_full(error) or (is_recovering and isinstance(error, duckdb.Error | BigQueryError)):
        return BigQueryError(REASON, disk.message(settings.data_dir))
    return None


def is_durable(error: duckdb.Error) -> bool:
    """Whether a COMMIT that failed has nevertheless committed."""
    notice(error)
    return DURABLE in str(error)


def notice(error: BaseException):
    """See to what an error leaves behind."""
    names = {str(path): name for name, path in database_files.paths.items()}
    grown = {names[path] for path in GROWN.findall(str(error)) if path in names}
    invalidated = set(INVALIDATED.findall(str(error))) & database_files.paths.keys()
    if not (disk.is_full(error) or invalidated):
        return
    with _lock:
        _grown.update(grown)
        _given_up.update(dict.fromkeys(grown, True))
        for name in invalidated:
            _given_up.setdefault(name, False)
    _reserve().unlink(missing_ok=True)
    _start_recovery()


def keep_reserve() -> bool:
    """Take the reserve, if there is ample room; whether it is there."""
    path = _reserve()
    if not path.exists() and shutil.disk_usage(path.parent).free > 2 * RESERVE:
        with contextlib.suppress(OSError):
            path.write_bytes(bytes(RESERVE))
    return path.exists()


def _reserve() -> Path:
    return settings.data_dir / "reserve"


def _start_recovery():
    global _recovery  # noqa: PLW0603  one at a time
    with _lock:
        if _recovery is None:
            _recovery = threading.Thread(target=_recover, daemon=True)
            _recovery.start()


def _recover():
    global _recovery  # noqa: PLW0603
    while True:
        for name in list(_given_up):
            _reopen(name)
        for name in _grown - _given_up.keys():
            _shrink(name)
        for key, job in list(_unrecorded.items()):
            _record(key, job)
        with _lock:
            if not (_given_up or _grown or _unrecorded) and keep_reserve():
                _recovery = None
                return
        time.sleep(PAUSE_SECONDS)


def _reopen(name: str):
    global _reopened_at  # noqa: PLW0603
    if _given_up[name] or not _is_open(name):
        with contextlib.suppress(duckdb.Error), database.cursor() as cursor:
            cursor.execute(f"DETACH DATABASE IF EXISTS {database.quote(name)}")
        with _lock:
            _given_up[name] = False
        with contextlib.suppress(duckdb.Error):  # in use by statements that have not ended yet
            database_files.attach_again(name)
    if _is_open(name):
        with _lock:
            _given_up.pop(name)
            _reopened_at = time.monotonic()


def _is_open(name: str) -> bool:
    try:
        database.execute(f"CREATE TABLE IF NOT EXISTS {_probe(name)} (x INTEGER)")
        database.fetch(f"FROM {_probe(name)}")
    except duckdb.Error as error:
        return not INVALIDATED.search(str(error)) and disk.is_full(error)
    return True


def _probe(name: str) -> str:
    return database.quote(name, "main", "_bqml_room")


def _shrink(name: str):
    """A checkpoint cuts a file behind the last block in use, but only when there is anything to write."""
    try:
        for sql in ("INSERT INTO {probe} VALUES (1)", "DELETE FROM {probe}", "CHECKPOINT {name}"):
            database.execute(sql.format(probe=_probe(name), name=database.quote(name)))
    except duckdb.Error as error:
        if INVALIDATED.search(str(error)):
            with _lock:
                _given_up.setdefault(name, False)
        return
    _grown.discard(name)


def _record(key: tuple[str, str], job: Job):
    with contextlib.suppress(duckdb.Error):
        _save(job)
        _unrecorded.pop(key, None)


_save, _load, _list = store.save, store.load, store.list_


def _save_now_or_later(job: Job) -> Job:
    try:
        return _save(job)
    except duckdb.Error as error:
        if is_durable(error):
            return job
        if job.status.state != "DONE" or not as_error(error):
            raise
    with _lock:
        _unrecorded[job.jobReference.projectId, job.jobReference.jobId] = job
    _start_recovery()
    return job


def _load_any(project_id: str, job_id: str) -> Job | None:
    return _unrecorded.get((project_id, job_id)) or _load(project_id, job_id)


def _list_any(project_id: str, states: list[str] | None = None, *arguments, **options) -> list[Job]:
    found = _list(project_id, states, *arguments, **options)
    jobs = [_unrecorded.get((project_id, job.jobReference.jobId), job) for job in found]
    return [job for job in jobs if not states or job.status.state in states]


def install():
    """Look at every error of a job, and at every record of one."""
    store.save, store.load, store.list_ = _save_now_or_later, _load_any, _list_any
    runner.from_exception = lambda error: as_error(error) or from_exception(error)
