"""The branch of the repair loop."""

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import DownstreamTasksSkipped

from tests.unit.fakes import FakeBigQuery, context
from vitrine.jobs import query_job
from vitrine.operators.check_status import CheckStatusOperator


def check(pending: int) -> CheckStatusOperator:
    """The check of a first pass that left so many of 50 images; two more passes could follow."""
    progress = {"planned": 50, "pending": pending, "pending_images": []}
    with DAG("a_dag", schedule=None):
        tasks = {
            name: EmptyOperator(task_id=name)
            for name in ("wait2", "plan2", "check2", "wait3", "index", "report")
        }
        operator = CheckStatusOperator(
            task_id="check1", configuration=query_job("count"), earlier_checks=[], max_passes=3,
            pauses=(60, 900),
            next_pass="wait2", done="index", bigquery=FakeBigQuery(count=[progress]),
        )  # fmt: skip
    operator >> [tasks["wait2"], tasks["index"]]
    tasks["wait2"] >> tasks["plan2"] >> tasks["check2"] >> [tasks["wait3"], tasks["index"]]
    tasks["wait3"] >> tasks["index"] >> tasks["report"]
    return operator


def run(operator: CheckStatusOperator) -> dict:
    """Run the check; its context."""
    given = context()
    given["ti"].task = operator
    operator.execute(given)
    return given


def test_images_left_go_to_the_next_pass():
    given = run(check(pending=5))
    assert given["ti"].pushed["pending"] == 5
    assert given["ti"].pushed["pause_seconds"] == 60
    assert "wait2" in given["ti"].pushed["skipmixin_key"]["followed"]


def test_nothing_left_skips_every_later_pass_at_once_and_nothing_else():
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        run(check(pending=0))
    assert set(skipped.value.tasks) == {"wait2", "plan2", "check2", "wait3"}
