"""The branch between a plan and its money."""

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain
from airflow.sdk.exceptions import DownstreamTasksSkipped

from tests.unit.fakes import FakeBigQuery, context, parameters
from vitrine.jobs import query_job
from vitrine.operators.review_plan import ReviewPlanOperator
from vitrine.planning import Rates

BATCHES = [{"work_order": "w", "batch_number": 0, "images": 10_000, "bytes": 99}]
COUNTED = {"deferred": 7, "paid_by_run": 0, "paid_this_month": 20_000}


def reviewer(max_cost_usd: str = "10.0", dry_run: str = "False") -> ReviewPlanOperator:
    """A review of 10,000 images, with what may follow."""
    with DAG("a_dag", schedule=None):
        operator = ReviewPlanOperator(
            task_id="review", plan="plan", count=query_job("count"), rates=Rates(0.0001, 600, 250, 3),
            max_cost_usd=max_cost_usd, dry_run=dry_run, max_images="10000", budget_images=1_000_000,
            embed="embed", ask="ask", end="report", bigquery=FakeBigQuery(count=[COUNTED]),
        )  # fmt: skip
        ask, embed, check, report = (
            EmptyOperator(task_id=name) for name in ("ask", "embed", "check", "report")
        )
        chain(operator, [ask, embed], check, report)
        ask >> embed
    return operator


def run(operator: ReviewPlanOperator) -> tuple[dict, set[str]]:
    """What a review has said, and which tasks it skips."""
    given, skipped = context(plan__return_value=BATCHES), set()
    given["ti"].task = operator
    try:
        operator.execute(given)
    except DownstreamTasksSkipped as signal:
        skipped = {task if isinstance(task, str) else task[0] for task in signal.tasks}
    return given["ti"].pushed, skipped


@pytest.mark.parametrize(
    ("cap", "dry_run", "verdict", "skipped"),
    [
        ("1.0", "False", "embed", {"ask"}),
        ("0.99", "False", "ask", set()),
        ("0.99", "True", "stop", {"ask", "embed", "check"}),
    ],
)
def test_the_verdict_decides_what_is_skipped(cap, dry_run, verdict, skipped):
    said, gone = run(reviewer(cap, dry_run))
    assert said["verdict"] == verdict
    assert gone == skipped


def test_the_plan_is_told_before_anybody_is_asked():
    operator = reviewer()
    said, _ = run(operator)
    assert "| estimated cost | $1.00 |" in said["plan"]
    assert "| paid this month so far | $2.00 |" in said["plan"]
    assert (said["deferred"], said["deferred_reason"]) == (7, "max_images")
    assert "work_order" in parameters(operator.bigquery.asked[0])
