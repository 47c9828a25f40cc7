"""That a job runs is kept in memory, because it ends with the process: one write to the disk less for each.

A job is recorded before it starts and when it is done. Whatever a crash leaves undone is ended by `recover`.
"""

from local_bigquery.jobs import store
from local_bigquery.models import Job

_running: dict[tuple[str, str], Job] = {}


def install():
    """Let local-bigquery's store of jobs keep the running ones here."""
    save, load, list_ = store.save, store.load, store.list_

    def save_unless_running(job: Job) -> Job:
        key = job.jobReference.projectId, job.jobReference.jobId
        if job.status.state == "RUNNING":
            _running[key] = job
            return job
        saved = save(job)
        _running.pop(key, None)
        return saved

    def load_any(project_id: str, job_id: str) -> Job | None:
        return _running.get((project_id, job_id)) or load(project_id, job_id)

    def list_any(project_id: str, states: list[str] | None = None, *arguments, **options) -> list[Job]:
        recorded = [*states, "PENDING"] if states and "RUNNING" in states else states
        found = list_(project_id, recorded, *arguments, **options)
        jobs = [_running.get((project_id, job.jobReference.jobId), job) for job in found]
        return [job for job in jobs if not states or job.status.state in states]

    store.save, store.load, store.list_ = save_unless_running, load_any, list_any
