"""Two Airflows that know nothing of each other work on the same dataset and bucket."""

from collections import Counter

import pytest

from tests.faults.images import tiny_png
from tests.support.stack import AirflowStack, Run, running_stack

IMAGES = 32
BATCH = 16
WAIT_SECONDS = 240.0
SETTINGS = {
    "VITRINE_LEASE_MINUTES": "1",
    # One batch after the other: when the holder dies, one is paid for and the next is not.
    "VITRINE_MAX_PARALLEL_BATCHES": "1",
}


@pytest.fixture(scope="module")
def stack(emulator, tmp_path_factory):
    """An Airflow that has set up the tables, for images that are embedded by hash."""
    before = emulator.faults()
    emulator.faults(hash_model=True)
    with running_stack(tmp_path_factory.mktemp("stack"), SETTINGS) as stack:
        emulator.upload(stack.bucket, {"asked.png": tiny_png(60_000)}, "image/png")
        finished = stack.run("setup_image_search", seconds=WAIT_SECONDS)
        assert finished.state == "success", stack.explain(finished)
        yield stack
    emulator.faults(**before)


@pytest.fixture(scope="module")
def clone(stack, tmp_path_factory):
    """The same on another machine, whose Airflow has a database of its own."""
    with running_stack(tmp_path_factory.mktemp("clone"), SETTINGS, beside=stack) as clone:
        clone.wait_until_parsed("embed_images__met")
        yield clone


def upload(emulator, stack: AirflowStack, first: int) -> set[str]:
    """Put new images into the bucket; their URIs."""
    names = {f"{number}.png": tiny_png(60_000 + number) for number in range(first, first + IMAGES)}
    emulator.upload(stack.bucket, names, "image/png")
    return {f"gs://{stack.bucket}/{name}" for name in names}


def start(stack: AirflowStack) -> Run:
    """Trigger embed_images."""
    return Run("embed_images__met", stack.trigger("embed_images__met", {"batch_size": BATCH}))


def paid(emulator, uris: set[str]) -> Counter[str]:
    """How often each of these images was embedded."""
    return Counter(call["uri"] for call in emulator.ledger() if call["uri"] in uris)


def searchable(emulator, stack: AirflowStack) -> Counter[str]:
    """How many rows each image has."""
    rows = emulator.bigquery.query_and_wait(f"SELECT uri FROM {stack.dataset}.met_image_embeddings")
    return Counter(row.uri for row in rows)


def test_started_together_they_pay_once_and_the_second_waits_for_the_first(emulator, stack, clone):
    uris = upload(emulator, stack, first=1)
    started = [(airflow, start(airflow)) for airflow in (stack, clone)]
    for airflow, run in started:
        airflow.follow(run, WAIT_SECONDS)
        assert run.state == "success", airflow.explain(run)

    assert paid(emulator, uris) == dict.fromkeys(uris, 1)
    assert searchable(emulator, stack) == dict.fromkeys([*uris, f"gs://{stack.bucket}/asked.png"], 1)
    logs = [airflow.log(run, "take_turn") for airflow, run in started]
    [waited] = [place for place, log in enumerate(logs) if "has the lease of the dataset" in log]
    holder, run = started[1 - waited]
    assert f"Run {run.run_id} of embed_images__met on " in logs[waited]
    assert f"({holder.url}) has the lease of the dataset since " in logs[waited]


def test_what_is_left_of_an_airflow_that_died_is_taken_over_and_not_paid_again(emulator, stack, clone):
    uris = upload(emulator, stack, first=1_000)
    emulator.faults(model_latency_seconds=20.0)
    calls = emulator.last_call()
    left = start(stack)
    while "deferred" not in left.seen["pass_1.embed_batch", 0]:
        assert not left.is_over, stack.explain(left)
        stack.look(left)
    stack.die()
    emulator.faults(model_latency_seconds=0.0)  # of what is called from now on

    run = start(clone)
    clone.follow(run, WAIT_SECONDS)
    assert run.state == "success", clone.explain(run)
    assert f"Run {left.run_id} of embed_images__met on " in clone.log(run, "take_turn")
    assert f"{BATCH} images have a vector that is known" in clone.log(run, "plan.plan_batches")
    assert len(emulator.ledger(calls)) == IMAGES
    assert paid(emulator, uris) == dict.fromkeys(uris, 1)
    assert searchable(emulator, stack).keys() >= uris
