"""A back-fill of 600,000 images, wave after wave, on the embedded BigQuery.

    .venv/bin/python -m benchmarks.backfill [--images 600000] [--wave 216000] [--dimension 128]

It measures what is ours: planning, batches, publishing, the index and the report, with a model that answers
at once (fault `hash_model`). Seconds are this machine's; what should hold anywhere is the ratio: an image of
the back-fill costs about what an image of a run of one batch costs, measured first in a world of its own.
State goes to a folder below $TMPDIR that is removed at the end.
"""

import argparse
import os
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.worlds import DIMENSION, SETTINGS, put_images, running_emulator
from demo.run import output_to
from tests.conftest import STATE
from tests.support.emulator import Emulator
from tests.support.fixtures import new_world
from tests.support.world import World
from vitrine import limits
from vitrine.collection import load

BATCH = limits.MAX_ROWS_PER_EMBEDDING_JOB
# What an image of the back-fill may cost, in images of a run of one batch: nothing of ours is quadratic.
MAX_RATIO = 1.5


@dataclass(frozen=True)
class Wave:
    """One run: how it ended, the seconds that passed, those that processors worked, and its own report."""

    state: str
    seconds: float
    cpu_seconds: float
    tasks: Counter[str]
    report: dict

    @property
    def is_last(self) -> bool:
        """Whether no image is left to the next wave, as next_wave decides it."""
        return self.state != "success" or self.report["deferred_reason"] != "max_images_per_run"

    def __str__(self) -> str:
        """A wave in words."""
        planned, left = self.report["planned"], self.report["deferred"]
        return (
            f"  wave of {planned:,}, {left:,} left: {self.state}, {1000 * self.seconds / planned:.2f} ms an "
            f"image, {1000 * self.cpu_seconds / planned:.2f} ms of CPU"
        )


@dataclass(frozen=True)
class Measured:
    """The waves that embedded some images, what became of these, and what BigQuery would bill."""

    images: int
    waves: list[Wave]
    searchable: int
    billed_bytes: int

    @property
    def is_complete(self) -> bool:
        """Whether every wave succeeded and every image can be found, once."""
        return {wave.state for wave in self.waves} == {"success"} and self.searchable == self.images

    @property
    def milliseconds_per_image(self) -> float:
        """Wall time of all waves for each of the images."""
        return 1000 * sum(wave.seconds for wave in self.waves) / self.images

    @property
    def cpu_milliseconds_per_image(self) -> float:
        """Time that processors worked, in Airflow and in the emulator, for each of the images."""
        return 1000 * sum(wave.cpu_seconds for wave in self.waves) / self.images


def measure(emulator: Emulator, process: psutil.Process, images: int, settings: dict[str, str]) -> Measured:
    """Fill a new bucket, set up a new dataset, and embed all of it in as many waves as it takes."""
    with new_world(emulator, STATE, settings) as world:
        put_images(world.bucket, ((f"{number:07}", number) for number in range(images)))
        before = emulator.last_call()
        assert world.run("setup_image_search").state == "success"
        waves = [embed(world, process, images)]
        while not waves[-1].is_last:
            waves.append(embed(world, process, images))
        assert emulator.last_call() - before == images, "every image is called for once"
        [counted] = world.rows("SELECT COUNT(DISTINCT uri) AS images FROM met_image_embeddings")
        return Measured(images, waves, counted["images"], billed_bytes(world))


def embed(world: World, process: psutil.Process, images: int) -> Wave:
    """Run one wave. dag.test() runs no other DAG run, so the caller is what keep_going would be."""
    started, busy = time.monotonic(), cpu_seconds(process)
    run = world.run("embed_images", max_cost_usd=images * limits.IMAGE_PRICE_USD)
    seconds, cpu = time.monotonic() - started, cpu_seconds(process) - busy
    [report] = world.rows(f"SELECT * EXCEPT (stages) FROM embedding_runs WHERE run_id = '{run.run_id}'")
    return Wave(run.state, seconds, cpu, task_seconds(run), report)


def cpu_seconds(emulator: psutil.Process) -> float:
    """What Airflow, which is this process, the emulator and its storage have worked so far."""
    times = [each.cpu_times() for each in (psutil.Process(), emulator, *emulator.children())]
    return sum(each.user + each.system for each in times)


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


def peak_mib(process: psutil.Process) -> float:
    """The most memory that a process has had resident so far."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def ratio_of(measured: Measured, baseline: Measured) -> float:
    """What an image of a back-fill costs, in images of the baseline."""
    return measured.milliseconds_per_image / baseline.milliseconds_per_image


def show(measured: Measured, baseline: Measured) -> str:
    """A back-fill in words, compared with the run of one batch."""
    tasks = sum((wave.tasks for wave in measured.waves), Counter())
    slowest = ", ".join(f"{name} {seconds:,.0f} s" for name, seconds in tasks.most_common(8))
    cpu = measured.cpu_milliseconds_per_image
    return "\n".join(
        [
            f"{measured.images:,} images, {measured.searchable:,} of them searchable; "
            f"waves: {len(measured.waves)}; {measured.milliseconds_per_image:.2f} ms an image, "
            f"{ratio_of(measured, baseline):.2f} of the baseline's; {cpu:.2f} ms of CPU, "
            f"{cpu / baseline.cpu_milliseconds_per_image:.2f} of the baseline's",
            *map(str, measured.waves),
            f"  {slowest}",
            f"  billed: {measured.billed_bytes / 2**30:,.2f} GiB",
        ]
    )


def main(arguments: list[str]) -> int:
    """Measure one batch and the back-fill; 0 when both are complete and an image costs about the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=600_000)
    parser.add_argument("--wave", type=int, help="images; default: what the quota does in six hours")
    parser.add_argument("--dimension", type=int, default=DIMENSION)
    given = parser.parse_args(arguments)
    settings = SETTINGS | {
        "VITRINE_DIMENSION": str(given.dimension),
        "VITRINE_DUPLICATE_DISTANCE": "0",  # all with all would take the embedded BigQuery minutes
    }
    if given.wave:
        settings["VITRINE_MAX_IMAGES_PER_RUN"] = str(given.wave)
    one_batch = min(BATCH, load(os.environ | settings)["met"].images_per_run, given.images)
    screen = open(os.dup(1), "w", buffering=1)  # noqa: SIM115 (lives as long as the process)
    with output_to(STATE / "airflow.log"), running_emulator() as (emulator, process):
        from airflow.utils.db import initdb

        initdb()
        baseline = measure(emulator, process, one_batch, settings)
        print(show(baseline, baseline), file=screen)
        backfill = measure(emulator, process, given.images, settings)
        print(show(backfill, baseline), file=screen)
        own, storage = psutil.Process(), process.children()[0]
        for name, each in (("Airflow", own), ("emulator", process), ("storage", storage)):
            print(f"peak memory of {name}: {peak_mib(each):,.0f} MiB", file=screen)
    shutil.rmtree(STATE)
    good = baseline.is_complete and backfill.is_complete and ratio_of(backfill, baseline) <= MAX_RATIO
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
