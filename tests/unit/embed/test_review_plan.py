"""The branch between a plan and its money."""

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain
from airflow.sdk.exceptions import DownstreamTasksSkipped

from tests.unit.fakes import chosen, collection_with, context, parameters
from vitrine.embed.params import EMBED_IMAGES
from vitrine.embed.review_plan import ReviewPlanOperator

BATCHES = [{"work_order": "w", "batch_number": 0, "images": 10_000, "bytes": 99}]
COUNTED = {"deferred": 7, "paid_by_run": 0, "paid_this_month": 20_000}


def reviewer(**settings) -> ReviewPlanOperator:
    """A review of 10,000 images, with what may follow."""
    with DAG("a_dag", schedule=None):
        operator = ReviewPlanOperator(
            task_id="review", collection=collection_with(**settings), plan="plan",
            embed="embed", ask="ask", end="report",
        )  # fmt: skip
        ask, embed, check, report = (
            EmptyOperator(task_id=name) for name in ("ask", "embed", "check", "report")
        )
        chain(operator, [ask, embed], check, report)
        ask >> embed
    return operator


@pytest.fixture
def run(bigquery):
    """What a review has said, and which tasks it skips."""
    bigquery.answers["count_deferred_images"] = [COUNTED]

    def review(operator: ReviewPlanOperator, **choices) -> tuple[dict, set[str]]:
        given, skipped = context(chosen(EMBED_IMAGES, **choices), plan__return_value=BATCHES), set()
        given["ti"].task = operator
        try:
            operator.execute(given)
        except DownstreamTasksSkipped as signal:
            skipped = {task if isinstance(task, str) else task[0] for task in signal.tasks}
        return given["ti"].pushed, skipped

    return review


@pytest.mark.parametrize(
    ("cap", "dry_run", "verdict", "skipped"),
    [
        (1.0, False, "embed", {"ask"}),
        (0.99, False, "ask", set()),
        (0.99, True, "stop", {"ask", "embed", "check"}),
    ],
)
def test_the_verdict_decides_what_is_skipped(run, cap, dry_run, verdict, skipped):
    said, gone = run(reviewer(), max_cost_usd=cap, dry_run=dry_run)
    assert said["verdict"] == verdict
    assert gone == skipped


@pytest.mark.parametrize(
    ("setting", "choice", "verdict"),
    [(0.99, None, "ask"), (1.0, None, "embed"), (0.99, 1.0, "embed"), (1.0, 0.99, "ask"), (1.0, 0, "ask")],
)
def test_the_cap_is_the_collections_unless_a_person_chooses_another(run, setting, choice, verdict):
    said, _ = run(reviewer(max_cost_usd=setting), max_cost_usd=choice)
    assert said["verdict"] == verdict


def test_the_plan_is_told_before_anybody_is_asked(run, bigquery):
    said, _ = run(reviewer(monthly_budget_usd=100), max_images=10_000)
    assert "| estimated cost | $1.00 |" in said["plan"]
    assert "| paid this month so far | $2.00 |" in said["plan"]
    assert (said["deferred"], said["deferred_reason"]) == (7, "max_images")
    assert "'plan', key='work_order'" in parameters(bigquery.asked[0])["work_order"]


def test_the_tighter_cap_is_the_reason(run):
    said, _ = run(reviewer(monthly_budget_usd=3), max_images=10_001)
    assert said["deferred_reason"] == "monthly_budget"
    said, _ = run(reviewer(monthly_budget_usd=3))
    assert said["deferred_reason"] == "monthly_budget"
