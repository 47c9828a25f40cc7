"""The tasks that write the work order."""

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain
from airflow.sdk.exceptions import DownstreamTasksSkipped

from tests.unit.fakes import chosen, collection_with, context, parameters
from vitrine.embed.params import EMBED_IMAGES
from vitrine.embed.plan_batches import PlanBatchesOperator, PlanRunOperator
from vitrine.errors import PlanTooLongError, TooManyBatchesError, TurnLostError

pytestmark = pytest.mark.usefixtures("own_turn")

BATCH = {"work_order": "w", "batch_number": 0, "planned_at": "t", "images": 10_000, "bytes": 99}
PLANNED = {
    "batches": [BATCH],
    "copies": 0,
    "known": 0,
    "deferred": 0,
    "wanted_images": 10_000,
    "wanted_batches": 1,
    "paid_by_run": 0,
    "paid_this_month": 20_000,
}
NOTHING = PLANNED | {"batches": [], "wanted_images": 0, "wanted_batches": 0}


def test_a_repair_pass_writes_its_order_and_returns_the_batches(collection, jobs):
    jobs.answers["plan_batches"] = [PLANNED]
    planner = PlanBatchesOperator(task_id="plan", collection=collection, pass_number=2)
    given = context()
    assert planner.execute(given) == [BATCH]
    assert given["ti"].pushed == {"work_order": planner.work_order}
    sent = parameters(jobs.asked[0])
    assert sent["work_order"] == planner.work_order == "{{ work_order(ti, 2) }}"
    assert (sent["pass_number"], sent["most_batches"], sent["lease_id"]) == ("2", "1024", "ours")


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"wanted_batches": 1_025, "wanted_images": 30_000}, TooManyBatchesError),
        ({"wanted_images": 600 * 60 * 24 * 20 + 1}, PlanTooLongError),
    ],
)
def test_an_order_that_cannot_work_was_not_written_and_is_refused(collection, jobs, wanted, error):
    jobs.answers["plan_batches"] = [NOTHING | wanted]
    planner = PlanBatchesOperator(task_id="plan", collection=collection, pass_number=1)
    given = context()
    with pytest.raises(error) as refused:
        planner.execute(given)
    assert given["ti"].pushed == {"broken": str(refused.value)}, "what the report says first"


def test_nothing_is_planned_out_of_turn(collection, jobs, variables):
    variables.clear()
    with pytest.raises(TurnLostError):
        PlanBatchesOperator(task_id="plan", collection=collection, pass_number=2).execute(context())
    assert jobs.asked == []


@pytest.fixture
def run(jobs):
    """What the plan of a run has said, and which tasks it skips."""

    def plan(planned: dict, settings: dict | None = None, **choices) -> tuple[dict, set[str]]:
        jobs.answers["plan_batches"] = [planned]
        with DAG("a_dag", schedule=None):
            operator = PlanRunOperator(
                task_id="plan", collection=collection_with(**settings or {}), nothing="sync", end="report"
            )
            names = ("approve", "embed", "check", "sync", "index", "report", "next_wave")
            tasks = [EmptyOperator(task_id=name) for name in names]
            chain(operator, *tasks)
        given, skipped = context(chosen(EMBED_IMAGES, **choices)), set()
        given["ti"].task = operator
        try:
            assert operator.execute(given) == planned["batches"]
        except DownstreamTasksSkipped as signal:
            skipped = {task if isinstance(task, str) else task[0] for task in signal.tasks}
        return given["ti"].pushed, skipped

    return plan


@pytest.mark.parametrize(
    ("planned", "cap", "dry_run", "verdict", "skipped"),
    [
        (PLANNED, 1.0, False, "embed", set()),
        (PLANNED, 0.99, False, "ask", set()),
        (PLANNED, 0.99, True, "stop", {"approve", "embed", "check", "sync", "index"}),
        (NOTHING, 0.0, False, "nothing", {"approve", "embed", "check"}),
        (NOTHING, 0.0, True, "stop", {"approve", "embed", "check", "sync", "index"}),
    ],
)
def test_the_verdict_decides_what_is_skipped(run, planned, cap, dry_run, verdict, skipped):
    said, gone = run(planned, max_cost_usd=cap, dry_run=dry_run)
    assert said["verdict"] == verdict
    assert gone == skipped


@pytest.mark.parametrize(
    ("setting", "choice", "verdict"),
    [(0.99, None, "ask"), (1.0, None, "embed"), (0.99, 1.0, "embed"), (1.0, 0.99, "ask"), (1.0, 0, "ask")],
)
def test_the_cap_is_the_collections_unless_a_person_chooses_another(run, setting, choice, verdict):
    said, _ = run(PLANNED, {"max_cost_usd": setting}, max_cost_usd=choice)
    assert said["verdict"] == verdict


def test_the_plan_is_told_before_anybody_is_asked(run):
    said, _ = run(PLANNED | {"copies": 4, "deferred": 7}, {"monthly_budget_usd": 100}, max_images=10_000)
    assert "| estimated cost | $1.00 |" in said["plan"]
    assert "| paid this month so far | $2.00 of the budget of $100.00 |" in said["plan"]
    assert said["question"] == "Embed 10,000 images for about $1.00? More than $10.00 needs approval."
    assert "| copies of these, free | 4 |" in said["plan"]
    assert (said["deferred"], said["deferred_reason"]) == (7, "max_images")
    assert said["work_order"] == "{{ work_order(ti, 1) }}"


@pytest.mark.parametrize(
    ("settings", "choices", "paid_by_run", "reason"),
    [
        ({}, {}, 0, "max_images_per_run"),
        ({"max_images_per_run": 10_000}, {"max_images": 10_001}, 0, "max_images_per_run"),
        ({"max_images_per_run": 10_000}, {"max_images": 10_000}, 1, "max_images"),
        ({"monthly_budget_usd": 3}, {"max_images": 10_001}, 0, "monthly_budget"),
        ({"monthly_budget_usd": 3}, {}, 0, "monthly_budget"),
        ({"monthly_budget_usd": 1}, {}, 0, "monthly_budget"),  # lowered below what is paid
    ],
)
def test_the_tightest_limit_is_the_reason(run, settings, choices, paid_by_run, reason):
    said, _ = run(PLANNED | {"deferred": 7, "paid_by_run": paid_by_run}, settings, **choices)
    assert said["deferred_reason"] == reason
