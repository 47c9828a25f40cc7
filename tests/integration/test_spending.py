"""A person decides about money, and runs take turns: in real Airflow processes, through the REST API."""

from collections import Counter
from datetime import date
from itertools import pairwise

import pytest
from google.cloud.bigquery import QueryJobConfig

from tests.faults.images import tiny_png

IMAGES = 12
WAIT_SECONDS = 400.0


@pytest.fixture(scope="module")
def ready(airflow_stack, emulator):
    """A stack with its tables and, besides the image that setup has asked the model about, a dozen."""
    before = emulator.faults()
    emulator.faults(hash_model=True)
    emulator.upload(airflow_stack.bucket, {"asked.png": tiny_png(70_000)}, "image/png")
    finished = airflow_stack.run("setup_image_search", seconds=WAIT_SECONDS)
    assert finished.state == "success", airflow_stack.explain(finished)
    images = {f"{number}.png": tiny_png(70_000 + number) for number in range(1, IMAGES + 1)}
    emulator.upload(airflow_stack.bucket, images, "image/png")
    yield airflow_stack
    emulator.faults(**before)


def rows(emulator, stack, sql: str) -> list[dict]:
    """Rows of a query over the stack's tables."""
    config = QueryJobConfig(default_dataset=f"{emulator.project}.{stack.dataset}")
    return [dict(row) for row in emulator.bigquery.query_and_wait(sql, job_config=config)]


def paid(emulator, stack) -> Counter:
    """How often each of the stack's images was embedded since setup."""
    calls = [call for call in emulator.ledger() if (call["uri"] or "").startswith(f"gs://{stack.bucket}/")]
    paid = Counter(call["uri"] for call in calls if call["outcome"] == "ok")
    return paid - Counter([f"gs://{stack.bucket}/asked.png"])


def answer(stack, run_id: str, option: str) -> str:
    """Wait until a run asks, and answer; the question's body."""
    return stack.answer("embed_images__met", run_id, "plan.approve_cost", option)


def test_a_rejected_plan_costs_nothing_and_ends_well_and_an_approved_one_is_paid(ready, emulator):
    rejected = ready.trigger("embed_images__met", {"max_cost_usd": 0})
    assert f"| images | {IMAGES} " in answer(ready, rejected, "Reject")
    run = ready.wait("embed_images__met", rejected, WAIT_SECONDS)
    assert run.state == "success", ready.explain(run)
    assert {state for (task, _), state in run.states().items() if "embed" in task} == {"skipped"}
    assert paid(emulator, ready) == {}

    approved = ready.trigger("embed_images__met", {"max_cost_usd": 0, "max_images": 4})
    assert "| images | 4 " in answer(ready, approved, "Approve")
    run = ready.wait("embed_images__met", approved, WAIT_SECONDS)
    assert run.state == "success", ready.explain(run)
    assert sum(paid(emulator, ready).values()) == 4
    assert rows(
        emulator, ready, "SELECT outcome, planned, deferred FROM embedding_runs ORDER BY started_at"
    ) == [
        {"outcome": "rejected", "planned": 0, "deferred": IMAGES},
        {"outcome": "deferred", "planned": 4, "deferred": IMAGES - 4},
    ]


def test_runs_take_turns_also_with_a_backfill_and_embed_each_image_once(ready, emulator):
    backfill = {
        "dag_id": "embed_images__met",
        "from_date": "2012-01-01T00:00:00Z",
        "to_date": "2021-01-01T00:00:00Z",
        "max_active_runs": 3,
        "run_backwards": False,
        "dag_run_conf": {},
        "reprocess_behavior": "none",
    }
    manual = [ready.trigger("embed_images__met", {"max_images": 5}) for _ in range(2)]
    ready.call("POST", "/backfills", backfill)
    listed = ready.call("GET", "/dags/embed_images__met/dagRuns?run_type=backfill")["dag_runs"]
    old = [run["dag_run_id"] for run in listed]
    assert len(old) == 3, "the stack is scheduled on leap days"
    runs = [ready.wait("embed_images__met", run_id, WAIT_SECONDS) for run_id in (*manual, *old)]

    assert [run.state for run in runs] == ["success"] * 5, "\n".join(map(ready.explain, runs))
    assert any("up_for_reschedule" in run.seen["take_turn", -1] for run in runs), "nobody had to wait"
    assert set(paid(emulator, ready).values()) == {1}
    [counted] = rows(
        emulator, ready, "SELECT COUNT(*) AS n, COUNT(DISTINCT uri) AS uris FROM met_image_embeddings"
    )
    assert counted == {"n": IMAGES + 1, "uris": IMAGES + 1}
    reports = rows(
        emulator, ready, "SELECT run_id, planned, data_interval_start, data_interval_end FROM embedding_runs"
    )
    reported = {report["run_id"]: report for report in reports}
    assert sum(reported[run_id]["planned"] for run_id in manual) == IMAGES - 4
    assert [reported[run_id]["planned"] for run_id in old] == [0, 0, 0], "older than every image"
    covered = sorted(
        (reported[run]["data_interval_end"], reported[run]["data_interval_start"]) for run in old
    )
    assert [end.date() for end, _ in covered] == [date(year, 2, 29) for year in (2012, 2016, 2020)]
    assert all(start <= end for (end, _), (_, start) in pairwise(covered)), (
        "a Backfill would leave images out"
    )
