"""Two collections in one Airflow: started together, they share the model's quota and nothing else."""

import json
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.images import tiny_png
from tests.support.stack import Run, running_stack

IMAGES = {"met": 9, "dresses": 7}
WAIT_SECONDS = 500.0


@pytest.fixture(scope="module")
def buckets(emulator, tmp_path_factory) -> dict[str, str]:
    """A bucket for each collection, with images that the other has not."""
    unique = uuid.uuid4().hex[:8]
    names = {collection: f"{collection}-{unique}" for collection in IMAGES}
    for place, (collection, count) in enumerate(IMAGES.items()):
        numbers = range(80_000 + place * 1_000, 80_000 + place * 1_000 + count)
        images = {f"{collection}/{number}.png": tiny_png(number) for number in numbers}
        emulator.upload(names[collection], images, "image/png")
    return names


@pytest.fixture(scope="module")
def stack(emulator, buckets, tmp_path_factory):
    """Airflow with two collections, each with a bucket, dataset, budget and gallery of its own."""
    folder, before = tmp_path_factory.mktemp("collections"), emulator.faults()
    emulator.faults(hash_model=True)
    own = {
        name: {
            "objects": [f"gs://{bucket}/*"],
            "dataset": bucket.replace("-", "_"),
            "gallery": str(folder / name),
            "monthly_budget_usd": 1,
        }
        for name, bucket in buckets.items()
    }
    own["met"] |= {
        "complete_within_minutes": 1,
        "notifier": "tests.faults.letters.File",
        "notifier_arguments": {"path": str(folder / "letter"), "message": "{{ run_id }} {{ exception }}"},
    }
    # Every day, as in production, but at none of the times that the tests see.
    nightly = f"0 {(datetime.now(UTC).hour + 12) % 24} * * *"
    file = folder / "collections.yaml"
    file.write_text(json.dumps({"collections": own}))  # JSON is YAML
    with running_stack(folder, {"VITRINE_COLLECTIONS": str(file), "VITRINE_SCHEDULE": nightly}) as stack:
        yield stack
    emulator.faults(**before)


@pytest.fixture(scope="module")
def runs(stack, emulator) -> dict[str, Run]:
    """Both set up, then both embedding, triggered at the same moment."""
    for dag in ("setup_image_search", "embed_images"):
        started = {name: stack.trigger(f"{dag}__{name}", {}) for name in IMAGES}
        runs = {name: stack.wait(f"{dag}__{name}", run, WAIT_SECONDS) for name, run in started.items()}
        for run in runs.values():
            assert run.state == "success", stack.explain(run)
    return runs


def test_unpausing_starts_no_run_of_last_night_before_the_one_that_a_person_starts(stack, runs):
    for name, run in runs.items():
        dag = stack.call("GET", f"/dags/{run.dag_id}")
        assert (dag["is_paused"], dag["timetable_summary"].split()[0]) == (False, "0"), "nothing is scheduled"
        assert [run["run_type"] for run in stack.runs(f"embed_images__{name}")] == ["manual"]


def test_each_embeds_its_own_images_once(emulator, buckets, runs):
    calls = Counter(call["uri"].split("/")[2] for call in emulator.ledger() if call["kind"] == "image")
    for name, count in IMAGES.items():
        assert calls[buckets[name]] == count
        dataset = f"{emulator.project}.{buckets[name].replace('-', '_')}"
        rows = emulator.bigquery.query_and_wait(f"SELECT uri FROM `{dataset}.{name}_image_embeddings`")
        assert {row.uri.split("/")[2] for row in rows} == {buckets[name]}
        [report] = emulator.bigquery.query_and_wait(f"SELECT * FROM `{dataset}.embedding_runs`")
        planned = count - 1  # setup has asked the model about one
        assert (report.outcome, report.planned, report.published) == ("complete", planned, planned)


def test_they_take_turns_because_they_share_the_quota(runs):
    spent = {
        name: (run.tasks["pass_1.embed_batch", 0]["start_date"], run.tasks["report_run", -1]["end_date"])
        for name, run in runs.items()
    }
    first, second = sorted(spent.values())
    assert first[1] <= second[0], "the second calls the model only when the first has reported"


def test_a_run_that_waits_for_a_person_keeps_no_other_collection_waiting(stack, emulator, buckets, runs):
    for number, bucket in enumerate(buckets.values(), start=90_000):
        emulator.upload(bucket, {f"{number}.png": tiny_png(number)}, "image/png")
    waiting = Run("embed_images__met", stack.trigger("embed_images__met", {"max_cost_usd": 0}))
    while waiting.states().get(("plan.approve_cost", -1)) not in ("deferred", "awaiting_input"):
        assert not waiting.is_over, stack.explain(waiting)
        stack.look(waiting)
    other = stack.wait("embed_images__dresses", stack.trigger("embed_images__dresses", {}), WAIT_SECONDS)
    assert other.state == "success", stack.explain(other)
    stack.look(waiting)
    assert not waiting.is_over
    letter = (stack.processes.folder / "letter").read_text()
    assert letter.startswith(f"{waiting.run_id} Embed "), letter
    assert "needs approval" in letter
    # Whoever answers while the scheduler still notes that the task waits, makes the task fail; long since over.
    task = f"/dags/embed_images__met/dagRuns/{waiting.run_id}/taskInstances/plan.approve_cost"
    stack.call("PATCH", f"{task}/-1/hitlDetails", {"chosen_options": ["Approve"], "params_input": {}})
    assert stack.follow(waiting, WAIT_SECONDS).state == "success", stack.explain(waiting)


def test_a_run_that_misses_its_deadline_tells_whom_failures_are_told(stack, runs):
    yesterday = datetime.now(UTC) - timedelta(days=1, minutes=2)
    body = {"logical_date": yesterday.isoformat(), "conf": {"dry_run": True}}
    run = stack.call("POST", "/dags/embed_images__met/dagRuns", body)["dag_run_id"]
    letter, deadline = stack.processes.folder / "letter", time.monotonic() + WAIT_SECONDS
    while not (
        letter.exists() and letter.read_text().startswith(f"{run} embed_images__met: the run {run} is ")
    ):
        assert time.monotonic() < deadline, "nobody was told"
        time.sleep(1)
    stack.wait("embed_images__met", run, WAIT_SECONDS)


def test_each_is_searched_and_shown_on_pages_of_its_own(stack, buckets, runs):
    for name, bucket in buckets.items():
        found = stack.wait(
            f"search_images__{name}",
            stack.trigger(f"search_images__{name}", {"query": "red", "top_k": 3}),
            WAIT_SECONDS,
        )
        assert found.state == "success", stack.explain(found)
        links = stack.links(found, "write_gallery")
        assert links["Image search"].startswith(f"/plugin/image-search/vitrine/{name}/?q=red")
        [page] = Path(stack.processes.folder / name).glob("*.html")
        for text in (stack.page(links["Gallery"]), page.read_text(), stack.page(f"/vitrine/{name}/?q=red")):
            assert bucket in text
            assert not any(other in text for other in buckets.values() if other != bucket)
        health = stack.page(f"/vitrine/{name}/health")
        assert f"embed_images__{name}" in health
        assert all(f'href="../{other}/health"' in health for other in buckets)


def test_tags_and_descriptions_tell_them_apart(stack, runs):
    for name in IMAGES:
        dags = stack.call("GET", f"/dags?tags={name}")["dags"]
        assert {dag["dag_id"] for dag in dags} == {
            f"{dag}__{name}"
            for dag in (
                "setup_image_search",
                "embed_images",
                "search_images",
                "search_saved_queries",
                "maintain_vector_index",
                "map_collection",
                "teardown_image_search",
            )
        }
        assert all(dag["description"] for dag in dags)
