"""A running job is kept in memory only; that saves one disk write per job.

A job is recorded before it starts and when it is done. Whatever a crash leaves undone is ended by `recover`.
"""

import threading

from local_bigquery.jobs import store
from local_bigquery.models import Job

_jobs: dict[tuple[str, str], Job] = {}
_lock = threading.Lock()  # so that `record` never writes over the end of a job
_write = store.save


def record():
    """Write the running jobs to the disk, too, for those who read them there."""
    with _lock:
        for job in _jobs.values():
            _write(job)


def install():
    """Let local-bigquery's store of jobs keep the running ones here."""
    save, load, list_ = store.save, store.load, store.list_

    def save_unless_running(job: Job) -> Job:
        key = job.jobReference.projectId, job.jobReference.jobId
        with _lock:
            if job.status.state == "RUNNING":
                _jobs[key] = job
                return job
            saved = save(job)
            _jobs.pop(key, None)
            return saved

    def load_any(project_id: str, job_id: str) -> Job | None:
        return _jobs.get((project_id, job_id)) or load(project_id, job_id)

    def list_any(project_id: str, states: list[str] | None = None, *arguments, **options) -> list[Job]:
        with _lock:
            running = dict(_jobs)  # as it is before the rows are read, which may tell of a job's end
        recorded = [*states, "PENDING"] if states and "RUNNING" in states else states
        found = list_(project_id, recorded, *arguments, **options)
        jobs = [
            running.get((project_id, job.jobReference.jobId), job) if job.status.state == "PENDING" else job
            for job in found
        ]
        return [job for job in jobs if not states or job.status.state in states]

    store.save, store.load, store.list_ = save_unless_running, load_any, list_any
