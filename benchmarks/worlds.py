"""What the benchmarks share: an emulator of their own, images, and the jobs of a stretch of time."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.objects import write_objects
from scripts.stack import Service, Stack, emulator_service
from tests.conftest import STATE
from tests.faults.images import tiny_png
from tests.support.emulator import Emulator
from vitrine import limits

IMAGE_TYPE = "image/png"
DIMENSION = 128  # numbers: the shortest vectors, since the time that longer ones take is the disk's
SETTINGS = {"VITRINE_DIMENSION": str(DIMENSION), "VITRINE_CONTENT_TYPES": IMAGE_TYPE}
LISTINGS = STATE / "listings"


@contextmanager
def running_emulator(service: Service | None = None) -> Iterator[tuple[Emulator, psutil.Process]]:
    """An emulator of our own whose model answers at once, and its process."""
    stack, service = Stack(STATE), service or emulator_service()
    stack.start(service)
    try:
        names = ("BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "EMULATOR_PROJECT")
        emulator = Emulator(*(os.environ[name] for name in names))
        emulator.faults(hash_model=True)
        yield emulator, stack.process(service.name)
    finally:
        stack.stop(service.name)


def timelapse(minute_seconds: float) -> Service:
    """The emulator in which a minute of the model passes in so many seconds."""
    script = str(Path(__file__).with_name("timelapse.py"))
    arguments = (str(minute_seconds), str(limits.IMAGES_PER_MINUTE_PER_JOB), str(LISTINGS))
    service = emulator_service()
    return replace(service, command=(service.command[0], script, *arguments))


def put_images(bucket: str, contents: Iterable[tuple[str, int]]) -> None:
    """Put PNGs, by name and number (the same number: the same bytes), into a new bucket."""
    objects = ((f"{name}.png", tiny_png(number)) for name, number in contents)
    write_objects(STATE / "emulator" / "objects", bucket, objects, IMAGE_TYPE)


@dataclass(frozen=True)
class Jobs:
    """What BigQuery was asked for in a stretch of time: jobs, and the statements of scripts."""

    jobs: list
    statements: list

    @classmethod
    def since(cls, emulator: Emulator, start: datetime) -> "Jobs":
        """Everything from `start` until now, with label or without."""
        jobs = list(emulator.bigquery.list_jobs(min_creation_time=start, max_results=None))
        statements = []
        for job in jobs:
            children = list(emulator.bigquery.list_jobs(parent_job=job.job_id, max_results=None))
            statements += children or [job]
        return cls(jobs, statements)

    def name(self, statement) -> str:
        """The task of a statement, and which of its script's it is, e.g. `sync_bucket 2 (UPDATE)`."""
        [job] = [job for job in self.jobs if job.job_id in (statement.job_id, statement.parent_job_id)]
        number = "" if job is statement else f" {statement.job_id.rpartition('_')[2]}"
        return f"{task_of(job)}{number} ({statement.statement_type})"


def task_of(job) -> str:
    """The task that sent a job, by its label."""
    return re.sub("-[0-9a-f]{8}$", "", job.labels.get("vitrine_task", "no label"))


def now() -> datetime:
    """The start of what comes next."""
    return datetime.now(UTC)
