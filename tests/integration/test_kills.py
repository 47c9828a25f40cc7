"""kill -9 at more than ten points of one run, on Airflow's real processes: nothing is lost or paid twice."""

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from scripts.stack import emulator_service
from tests.faults.images import tiny_png
from tests.support.emulator import Emulator
from tests.support.stack import AirflowStack, Run, kill, running_stack

IMAGES = 48
BATCH = 16
PATIENCE_SECONDS = 120
# Where task processes die: the task, its n-th request of a method to BigQuery, before or after its answer.
POINTS = (
    ("take_turn", "POST", 1, "after"),  # the lease is taken
    ("refresh_listing", "POST", 1, "after"),
    ("plan.plan_batches", "GET", 1, "before"),
    ("plan.plan_batches", "POST", 1, "after"),  # the work order is being written
    ("pass_1.embed_batch", "POST", 2, "before"),
    ("pass_1.embed_batch", "POST", 2, "after"),  # the job that costs money is submitted
    ("pass_1.settle_batch", "POST", 1, "before"),
    ("pass_1.settle_batch", "POST", 1, "after"),
    ("repair.check_status_1", "POST", 1, "before"),
    ("repair.check_status_1", "POST", 1, "after"),
    ("repair.plan_batches_2", "POST", 1, "after"),
    ("repair.pass_2.embed_batch", "POST", 2, "after"),
    ("repair.pass_2.settle_batch", "POST", 1, "after"),
    ("sync_bucket", "POST", 1, "before"),
    ("report_run", "POST", 2, "after"),  # the report is written, the lease is free
)
# Airflow looks for the dead more often than it would: its defaults are minutes.
IMPATIENCE = {
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
    "VITRINE_RETRY_WAIT_SECONDS": "1",
    "VITRINE_DIMENSION": "128",
    "VITRINE_CONTENT_TYPES": "image/png",
}
SITE = Path(__file__).parents[1] / "support" / "kill_points"


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """The folder of the deaths to come."""
    folder = tmp_path / "points"
    folder.mkdir()
    for order, point in enumerate(POINTS):
        (folder / "|".join([f"{order:02}", *map(str, point)])).touch()
    return folder


@pytest.fixture
def stack(emulator: Emulator, points: Path, tmp_path: Path):
    """Airflow's processes, whose tasks die at the points."""
    path = os.pathsep.join([str(SITE), os.environ["PYTHONPATH"]])
    settings = {**IMPATIENCE, "PYTHONPATH": path, "KILL_POINTS": str(points)}
    with running_stack(tmp_path / "stack", settings) as stack:
        yield stack


def wait_for(stack: AirflowStack, run: Run, task_id: str, state: str) -> None:
    """Return once a task of a run is in a state; fail when the run ends without it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while state not in {s for (task, _), s in run.states().items() if task == task_id}:
        stack.look(run)
        in_time = time.monotonic() < deadline and not run.is_over
        assert in_time, f"{task_id} was not seen {state}: {run.states()}"


def test_no_image_is_lost_or_paid_twice_whoever_is_killed(stack, emulator, emulator_process, points):
    uris = [f"gs://{stack.bucket}/{number:03}.png" for number in range(IMAGES)]
    emulator.upload(
        stack.bucket, {uri.rpartition("/")[2]: tiny_png(n) for n, uri in enumerate(uris)}, "image/png"
    )
    emulator.faults(hash_model=True)
    assert stack.run("setup_image_search").state == "success"
    # Slow enough that tasks leave their jobs to the triggerer; some images need a second pass.
    emulator.faults(model_latency_seconds=4.0, retryable_share=0.3)

    run = Run("embed_images__met", stack.trigger("embed_images__met", {"batch_size": BATCH}))
    wait_for(stack, run, "pass_1.embed_batch", "deferred")
    stack.kill("triggerer")
    wait_for(stack, run, "pass_1.settle_batch", "running")
    stack.kill("scheduler")
    wait_for(stack, run, "repair.plan_batches_2", "up_for_retry")
    kill(emulator_process, "emulator")
    emulator_process.start(emulator_service())
    emulator.faults(hash_model=True)
    stack.follow(run, PATIENCE_SECONDS)

    assert run.state == "success", stack.explain(run)
    assert list(points.iterdir()) == [], "nobody died there"
    calls = [call for call in emulator.ledger() if call["uri"] in uris]
    paid = Counter((call["uri"], call["content_sha256"]) for call in calls if call["outcome"] == "ok")
    assert {uri for uri, _ in paid} == set(uris)
    assert set(paid.values()) == {1}, "an image was paid for twice"
    rows = emulator.bigquery.query_and_wait(
        f"SELECT uri FROM {stack.dataset}.met_image_embeddings ORDER BY uri"
    )
    assert [row.uri for row in rows] == uris
