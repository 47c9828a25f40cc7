"""Where a job runs: where its request says, or else where the datasets are that it names.

Source: https://docs.cloud.google.com/bigquery/docs/locations (2026-11-27). Everything is in one place here:
this matters only where a job names a dataset in a text, from which no location can be told.
"""

import contextvars
from collections.abc import Iterable

from local_bigquery.api import jobs
from local_bigquery.catalog import datasets
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Job

from bqml_emulator.core.config import LOCATION
from bqml_emulator.jobs import execution

_asked: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "location", default=None
)  # by jobs.insert


def of_dataset(project_id: str, dataset_id: str) -> str:
    """Where a dataset is said to be; its error says that it is not there."""
    return datasets.get(project_id, dataset_id).location or LOCATION


def of_job(named: Iterable[tuple[str, str]]) -> str:
    """Where the current job runs, of which its statements name these datasets outside of texts."""
    config = execution.current().config
    if (
        asked := (config.model_extra or {}).get("location") or _asked.get()
    ):  # jobs.query: in its configuration
        return asked
    default = config.defaultDataset
    if default and default.datasetId:
        named = [(default.projectId or execution.current().project_id, default.datasetId), *named]
    return next((of_dataset(*keys) for keys in named if datasets.exists(*keys)), LOCATION)


def check(project_id: str, dataset_id: str, named: Iterable[tuple[str, str]]):
    """Refuse a job that runs elsewhere than the dataset is."""
    location = of_job(named)
    if location.casefold() != of_dataset(project_id, dataset_id).casefold():
        text = f"Not found: Dataset {project_id}:{dataset_id} was not found in location {location}"
        raise BigQueryError("notFound", text)


def install():
    """Keep the location of jobs.insert, which local-bigquery does not read, for the thread of the job."""
    insert_job = jobs.insert_job

    def insert_job_there(project_id: str, body: Job) -> Job:
        _asked.set((body.jobReference and body.jobReference.location) or None)
        return insert_job(project_id, body)

    for route in jobs.router.routes:
        if getattr(route, "endpoint", None) is insert_job:
            route.endpoint = insert_job_there
