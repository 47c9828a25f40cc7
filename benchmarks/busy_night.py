"""A night with much to do, in Airflow's own processes: its use of the quota, and when pictures are found."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.figures import Figure, at_most
from benchmarks.worlds import SETTINGS, Jobs, now, put_images
from tests.conftest import STATE
from tests.support.emulator import Emulator
from tests.support.fixtures import new_world
from tests.support.stack import AirflowStack, Run, running_stack
from vitrine import limits

IMAGES = 10_000
LANE_IMAGES = 2_500  # one lane alone is as busy with these as each of several with IMAGES
BATCHES, BATCH_SIZE = 24, limits.IMAGES_PER_MINUTE_PER_JOB  # of the back-fill
WANTED_SHARE = 0.9
LANES = 3  # batches in parallel, by default
WAIT_SECONDS = 1_800
# Of the running Airflow: nothing else waits, so that what a task costs is not what a pause costs.
STACK = SETTINGS | {
    "VITRINE_MAX_COST_USD": "100",
    "VITRINE_RETRY_WAIT_SECONDS": "1",
    "VITRINE_DUPLICATE_DISTANCE": "0",  # all with all would take the embedded BigQuery minutes
}


@dataclass(frozen=True)
class Use:
    """How a time used the quota of the model, whose minute takes `minute` seconds here."""

    calls: list[dict]
    minute: float
    tasks: timedelta  # from the start of the first embed_batch to the end of the last

    @property
    def minutes(self) -> float:
        """From the first call to the last."""
        times = [datetime.fromisoformat(call["time"]) for call in self.calls]
        return (max(times) - min(times)).total_seconds() / self.minute

    @property
    def answered(self) -> int:
        """Calls that the quota admitted."""
        return sum(call["outcome"] != "retryable" for call in self.calls)

    def share(self, minutes: float) -> float:
        """What was answered, of what the quota admits in so many minutes."""
        return self.answered / minutes / limits.EMBEDDING_REQUESTS_PER_MINUTE

    def __str__(self) -> str:
        """The share by calls and by tasks, and what it was at the expense of."""
        refused = len(self.calls) - self.answered
        by_tasks = self.share(self.tasks.total_seconds() / self.minute)
        return (
            f"{self.share(self.minutes):.0%} from first to last call, {by_tasks:.0%} from first task to last "
            f"({self.answered:,} calls in {self.minutes:.1f} min, {refused:,} more refused)"
        )


def measure_quota(emulator: Emulator, minute: float) -> Iterator[Figure]:
    """The quota in use with several lanes, and with one."""
    emulator.faults(requests_per_minute=limits.EMBEDDING_REQUESTS_PER_MINUTE)
    baseline = one_lane(emulator, minute)
    with stack_with(IMAGES) as stack:
        before = emulator.last_call()
        run = stack.run("embed_images", {}, WAIT_SECONDS)
        calls = emulator.ledger(before)
    use = Use(first_pass(calls), minute, embedding_time(run, "pass_1"))
    all_passes = Use(calls, minute, timedelta(0))
    yield Figure(
        f"quota used by the first pass, {IMAGES:,} images in {batches(run)} batches",
        f"≥ {WANTED_SHARE:.0%}",
        str(use),
        min(use.share(use.minutes), use.share(use.tasks.total_seconds() / minute)) >= WANTED_SHARE,
    )
    yield Figure(f"the same, {LANE_IMAGES:,} images in one batch on one lane", "-", str(baseline))
    yield Figure(
        f"quota used until all {IMAGES:,} were embedded",
        "-",
        f"{all_passes.share(all_passes.minutes):.0%} in {passes(run)} passes, Airflow's pauses included "
        f"(outcome: {run.state})",
    )


def measure_backfill(emulator: Emulator, minute: float) -> Iterator[Figure]:
    """When the first pictures of a back-fill are found. Without a quota: nothing is embedded twice."""
    del minute
    with stack_with(BATCHES * BATCH_SIZE) as stack:
        start = now()
        run = stack.run("embed_images", {"batch_size": BATCH_SIZE}, WAIT_SECONDS)
        assert run.state == "success", stack.explain(run)
        yield from searchable_early(Jobs.since(emulator, start), batches(run))


@contextmanager
def stack_with(images: int) -> Iterator[AirflowStack]:
    """Airflow's processes, set up for so many new images."""
    with running_stack(STATE / "stack", STACK) as stack:
        put_images(stack.bucket, ((f"{number:05}", number) for number in range(images)))
        setup = stack.run("setup_image_search")
        assert setup.state == "success", stack.explain(setup)
        yield stack
    shutil.rmtree(STATE / "stack")


def one_lane(emulator: Emulator, minute: float) -> Use:
    """The baseline: one batch alone, in this process."""
    with new_world(emulator, STATE, STACK | {"VITRINE_MAX_PARALLEL_BATCHES": "1"}) as world:
        put_images(world.bucket, ((f"{number:05}", number) for number in range(LANE_IMAGES)))
        world.prepare()
        before = emulator.last_call()
        run = world.run("embed_images")
        assert run.state == "success"
        [task] = [task for task in run.get_task_instances() if task.task_id == "pass_1.embed_batch"]
        return Use(emulator.ledger(before), minute, task.end_date - task.start_date)


def first_pass(calls: list[dict]) -> list[dict]:
    """The calls for the first work order; its name is part of its jobs' ids."""
    return [call for call in calls if "pass1" in call["job_id"]]


def embedding_time(run: Run, group: str) -> timedelta:
    """From the first start of an embed_batch of a pass to the last end."""
    tasks = [
        task for (name, index), task in run.tasks.items() if name == f"{group}.embed_batch" and index >= 0
    ]
    # A task that is resumed after a deferral keeps its first start.
    starts = [datetime.fromisoformat(task["start_date"]) for task in tasks]
    ends = [datetime.fromisoformat(task["end_date"]) for task in tasks]
    return max(ends) - min(starts)


def batches(run: Run) -> int:
    """How many batches the first pass had."""
    return sum(name == "pass_1.embed_batch" and index >= 0 for name, index in run.tasks)


def passes(run: Run) -> int:
    """How many passes a run has made."""
    return sum(".check_status_" in name and state == "success" for (name, _), state in run.states().items())


def searchable_early(asked: Jobs, number: int) -> Iterator[Figure]:
    """When the first batch of a back-fill was published, counted in batches that were embedded by then."""
    embedded = {batch(job): job for job in asked.jobs if "pass1" in job.job_id and "-batch" in job.job_id}
    settled = {batch(job): job for job in asked.jobs if "pass1" in job.job_id and "-settle" in job.job_id}
    assert len(embedded) == len(settled) == number, (len(embedded), len(settled), number)
    first = min(job.ended for job in settled.values())
    before = sum(job.ended <= first for job in embedded.values())
    running = max(
        sum(other.started <= job.started < other.ended for other in embedded.values())
        for job in embedded.values()
    )
    # Of a batch's own time between its last answer and its publication.
    late = max(
        sum(job.ended < other.ended < settled[number].started for other in embedded.values())
        for number, job in embedded.items()
    )
    yield at_most(f"batches embedded when the first picture is found, of {number}", LANES, before)
    yield Figure("batches that end between the end of one and its publication", "-", f"at most {late}")
    yield at_most("batches embedded at the same time", LANES, running)


def batch(job) -> str:
    """The number of the batch that a job embeds or settles: ids are `…-batch3-1`."""
    return job.job_id.rpartition("-")[0].rpartition("-")[2].removeprefix("batch").removeprefix("settle")


def paid_twice(emulator: Emulator) -> Figure:
    """Calls beyond one for each content of a world, whatever the names and the passes."""
    paid = [call for call in emulator.ledger() if call["kind"] == "image" and call["outcome"] == "ok"]
    contents = Counter((call["model"], call["content_sha256"]) for call in paid)
    words = f"({len(paid):,} paid calls)"
    return at_most("paid calls beyond one for each content", 0, len(paid) - len(contents), words)
