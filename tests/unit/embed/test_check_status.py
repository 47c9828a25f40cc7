"""The branch of the repair loop."""

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import DownstreamTasksSkipped

from tests.unit.fakes import collection_with, context
from vitrine.embed.check_status import CheckStatusOperator


@pytest.fixture
def check() -> CheckStatusOperator:
    """The check of a first pass after which two more could follow."""
    with DAG("a_dag", schedule=None):
        tasks = {
            name: EmptyOperator(task_id=name)
            for name in ("wait2", "plan2", "check2", "wait3", "index", "report")
        }
        operator = CheckStatusOperator(
            task_id="check1",
            collection=collection_with(max_passes=3, retry_wait_seconds=60),
            earlier_checks=[],
            next_pass="wait2",
            done="index",
        )
    operator >> [tasks["wait2"], tasks["index"]]
    tasks["wait2"] >> tasks["plan2"] >> tasks["check2"] >> [tasks["wait3"], tasks["index"]]
    tasks["wait3"] >> tasks["index"] >> tasks["report"]
    return operator


def run(operator: CheckStatusOperator, bigquery, pending: int) -> dict:
    """Run the check of a pass that has left so many of 50 images; its context."""
    bigquery.answers["count_progress"] = [{"planned": 50, "pending": pending, "pending_images": []}]
    given = context()
    given["ti"].task = operator
    operator.execute(given)
    return given


def test_images_left_go_to_the_next_pass(check, bigquery):
    given = run(check, bigquery, pending=5)
    assert given["ti"].pushed["pending"] == 5
    assert given["ti"].pushed["pause_seconds"] == 60
    assert "wait2" in given["ti"].pushed["skipmixin_key"]["followed"]


def test_nothing_left_skips_every_later_pass_at_once_and_nothing_else(check, bigquery):
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        run(check, bigquery, pending=0)
    assert set(skipped.value.tasks) == {"wait2", "plan2", "check2", "wait3"}


def test_the_collection_bounds_the_passes(check, bigquery):
    check.collection = collection_with(max_passes=1)
    with pytest.raises(DownstreamTasksSkipped):
        run(check, bigquery, pending=5)
