"""A back-fill of 600,000 images by one manual trigger of embed_images, on the embedded BigQuery.

    .venv/bin/python -m benchmarks.backfill [--images 600000] [--dimension 128]

It measures what is ours: planning, batches, publishing, the index and the report, with a model that answers
at once (fault `hash_model`). Seconds are this machine's; what should hold anywhere is the ratio: an image of
the large run costs about what an image of a run of one batch costs, measured first in a world of its own.
State goes to a folder below $TMPDIR that is removed at the end.
"""

import argparse
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.objects import write_objects
from demo.run import output_to
from scripts.stack import Stack, emulator_service
from tests.conftest import STATE
from tests.faults.images import tiny_png
from tests.support.emulator import Emulator
from tests.support.fixtures import new_world
from tests.support.world import World
from vitrine import limits

BATCH = limits.MAX_ROWS_PER_EMBEDDING_JOB
IMAGE_TYPE = "image/png"
# What an image of the large run may cost, in images of a run of one batch: nothing of ours is quadratic.
MAX_RATIO = 1.5


@dataclass(frozen=True)
class Measured:
    """One run: what became of its images, the seconds of its tasks, and what BigQuery would bill."""

    images: int
    state: str
    seconds: float
    tasks: Counter[str]
    billed_bytes: int
    report: dict

    @property
    def milliseconds_per_image(self) -> float:
        """Wall time of the whole run for each of its images."""
        return 1000 * self.seconds / self.images


@contextmanager
def running_emulator() -> Iterator[tuple[Emulator, psutil.Process]]:
    """An emulator of our own, and its process."""
    stack, service = Stack(STATE), emulator_service()
    stack.start(service)
    try:
        names = ("BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "EMULATOR_PROJECT")
        emulator = Emulator(*(os.environ[name] for name in names))
        emulator.faults(hash_model=True)
        yield emulator, stack.process(service.name)
    finally:
        stack.stop(service.name)


def measure(emulator: Emulator, images: int, dimension: int) -> Measured:
    """Fill a new bucket, set up a new dataset, and embed all of it in one run."""
    settings = {"VITRINE_DIMENSION": str(dimension), "VITRINE_CONTENT_TYPES": IMAGE_TYPE}
    with new_world(emulator, STATE, settings) as world:
        contents = ((f"{number:07}.png", tiny_png(number)) for number in range(images))
        write_objects(STATE / "emulator" / "objects", world.bucket, contents, IMAGE_TYPE)
        assert world.run("setup_image_search").state == "success"
        started, before = time.monotonic(), emulator.last_call()
        run = world.run("embed_images", max_cost_usd=images * limits.IMAGE_PRICE_USD)
        seconds = time.monotonic() - started
        assert emulator.last_call() - before == images, "every image is called for once"
        return Measured(
            images, run.state, seconds, task_seconds(run), billed_bytes(world), report(world, run.run_id)
        )


def task_seconds(run) -> Counter[str]:
    """Seconds in each task of a run; mapped tasks are added up, the same tasks of several passes too."""
    seconds: Counter[str] = Counter()
    for task in run.get_task_instances():
        seconds[task.task_id.split(".")[-1]] += task.duration or 0.0
    return seconds


def billed_bytes(world: World) -> int:
    """Bytes that BigQuery would bill for the jobs of a world; views and object tables are not counted."""
    jobs = world.emulator.bigquery.list_jobs(max_results=None)
    ours = [job for job in jobs if world.dataset in getattr(job, "query", "")]
    return sum(job.total_bytes_billed or 0 for job in ours)


def report(world: World, run_id: str) -> dict:
    """The run's own report and the state of the searchable table."""
    [row] = world.rows(f"SELECT * FROM embedding_runs WHERE run_id = '{run_id}'")
    [counted] = world.rows("SELECT COUNT(*) AS images, COUNT(DISTINCT uri) AS uris FROM met_image_embeddings")
    return row | counted


def peak_mib(process: psutil.Process) -> float:
    """The most memory that a process has had resident so far."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def ratio_of(measured: Measured, baseline: Measured) -> float:
    """What an image of a run costs, in images of the baseline."""
    return measured.milliseconds_per_image / baseline.milliseconds_per_image


def show(measured: Measured, baseline: Measured) -> str:
    """A run in words, compared with the run of one batch."""
    ratio = ratio_of(measured, baseline)
    slowest = ", ".join(f"{name} {seconds:,.0f} s" for name, seconds in measured.tasks.most_common(8))
    return (
        f"{measured.images:,} images: {measured.state} in {measured.seconds:,.0f} s, "
        f"{measured.milliseconds_per_image:.2f} ms an image, {ratio:.2f} of the baseline's\n"
        f"  {slowest}\n  billed: {measured.billed_bytes / 2**30:,.2f} GiB\n  {measured.report}"
    )


def main(arguments: list[str]) -> int:
    """Measure one batch and the back-fill; 0 when both are complete and an image costs about the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=600_000)
    parser.add_argument("--dimension", type=int, default=128)
    given = parser.parse_args(arguments)
    screen = open(os.dup(1), "w", buffering=1)  # noqa: SIM115 (lives as long as the process)
    with output_to(STATE / "airflow.log"), running_emulator() as (emulator, process):
        from airflow.utils.db import initdb

        initdb()
        baseline = measure(emulator, min(BATCH, given.images), given.dimension)
        print(show(baseline, baseline), file=screen)
        backfill = measure(emulator, given.images, given.dimension)
        print(show(backfill, baseline), file=screen)
        own, storage = psutil.Process(), process.children()[0]
        for name, each in (("Airflow", own), ("emulator", process), ("storage", storage)):
            print(f"peak memory of {name}: {peak_mib(each):,.0f} MiB", file=screen)
    shutil.rmtree(STATE)
    good = {baseline.state, backfill.state} == {"success"} and ratio_of(backfill, baseline) <= MAX_RATIO
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
