"""jobs.query asked again: the same request id and the same question are one job.

Source: BigQuery REST reference, QueryRequest.requestId (2026-08-22): a duplicate has the same id and the same
parameters that affect the result, for 15 minutes; a dry run is never one. The job's own id is another.
"""

import contextvars
import hashlib
import json
import time
import uuid

from local_bigquery.jobs import runner, store
from local_bigquery.models import Job, JobConfiguration

from bqml_emulator.core import limits

NO_EFFECT = ("requestId", "maxResults")  # on the result
# The request id and job id of the jobs.query that this thread answers: local-bigquery takes them for one
_answered: contextvars.ContextVar[tuple[str, str] | None] = contextvars.ContextVar("answered", default=None)


def identify(project_id: str, configuration: JobConfiguration) -> tuple[str, JobConfiguration, Job | None]:
    """For a configuration made by jobs.query with a request id: job id, configuration, and the job if it runs
    or ran already."""
    request_id = configuration.query.model_extra["requestId"]
    query = configuration.query.without(*NO_EFFECT)
    question = json.dumps(query.dump(), sort_keys=True)
    job_id = f"job_{hashlib.sha256(f'{request_id}:{question}'.encode()).hexdigest()[:32]}"
    job = store.load(project_id, job_id)
    if job and time.time() - int(job.statistics.creationTime) / 1000 > limits.REQUEST_ID_LIFETIME_SECONDS:
        job_id, job = f"job_{uuid.uuid4().hex}", None
    _answered.set((request_id, job_id))
    return job_id, configuration.replace(query=query.dump()), job


def has_id(configuration: JobConfiguration) -> bool:
    """Whether the configuration was made by jobs.query with a request id."""
    query = configuration.query
    return bool(query and not configuration.dryRun and (query.model_extra or {}).get("requestId"))


def install():
    """Let jobs.query wait for the job of its request."""
    wait = runner.wait

    def wait_for_job(project_id, job_id, timeout_ms=None):
        request_id, found = _answered.get() or (None, None)
        return wait(project_id, found if job_id == request_id else job_id, timeout_ms)

    runner.wait = wait_for_job
