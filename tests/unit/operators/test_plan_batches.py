"""The task that writes the work order."""

from types import SimpleNamespace

import pytest

from tests.unit.fakes import FakeBigQuery, context
from vitrine.errors import TurnLostError
from vitrine.jobs import query_job
from vitrine.operators import plan_batches
from vitrine.operators.plan_batches import PlanBatchesOperator
from vitrine.planning import Rates

BATCH = {"work_order": "w", "batch_number": 0, "images": 3, "bytes": 99}


@pytest.fixture(autouse=True)
def turn(monkeypatch):
    """The run has its turn."""
    monkeypatch.setattr(plan_batches.turns, "check", lambda context: None)


def planner(bigquery: FakeBigQuery) -> PlanBatchesOperator:
    """A planner over this BigQuery."""
    return PlanBatchesOperator(
        task_id="plan",
        pass_number=2,
        write=query_job("write"),
        read=query_job("read"),
        rates=Rates(image_usd=0.0001, images_per_minute=600, images_per_minute_per_job=250, lanes=3),
        dataset="ds",
        bigquery=bigquery,
    )


def test_the_order_is_written_then_read():
    bigquery = FakeBigQuery(read=[BATCH])
    given, operator = context(), planner(bigquery)
    assert operator.execute(given) == [BATCH]
    assert given["ti"].pushed["work_order"] == operator.work_order
    assert [job["query"]["query"] for job in bigquery.asked] == ["write", "read"]


def test_jobs_left_running_are_waited_for_before_anything_is_planned():
    bigquery = FakeBigQuery()
    waited = []

    def wait(timeout):
        assert timeout is None, "the client's own gives up after 15 minutes"
        waited.append(len(bigquery.asked))

    bigquery.running_jobs = lambda prefix: [SimpleNamespace(job_id=prefix + "old", exception=wait)]
    assert planner(bigquery).execute(context()) == []
    assert waited == [0, 0], "what running jobs embed and publish must not be planned again"


def test_nothing_is_planned_out_of_turn(monkeypatch):
    def refuse(context):
        raise TurnLostError("another run")

    monkeypatch.setattr(plan_batches.turns, "check", refuse)
    bigquery = FakeBigQuery()
    with pytest.raises(TurnLostError):
        planner(bigquery).execute(context())
    assert bigquery.asked == []
