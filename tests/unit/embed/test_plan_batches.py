"""The task that writes the work order."""

from types import SimpleNamespace

import pytest

from tests.unit.fakes import collection_with, context, parameters
from vitrine.embed.plan_batches import PlanBatchesOperator
from vitrine.errors import BatchTooLargeError, TurnLostError

BATCH = {"work_order": "w", "batch_number": 0, "images": 3, "bytes": 99}

pytestmark = pytest.mark.usefixtures("own_turn")


@pytest.fixture
def planner(collection) -> PlanBatchesOperator:
    """The planner of a second pass."""
    return PlanBatchesOperator(task_id="plan", collection=collection, pass_number=2)


def test_the_order_is_written_then_read(planner, bigquery):
    bigquery.answers["select_batches"] = [BATCH]
    given = context()
    assert planner.execute(given) == [BATCH]
    assert given["ti"].pushed["work_order"] == planner.work_order
    assert bigquery.statements == ["write_work_order", "select_batches"]
    order = {"work_order": "{{ work_order(ti, 2) }}"}
    assert parameters(planner.write).items() >= (order | {"pass_number": "2"}).items()
    assert parameters(planner.read) == order


def test_jobs_left_running_are_waited_for_before_anything_is_planned(planner, bigquery):
    waited = {}

    def wait(prefix, timeout):
        assert timeout is None, "the client's own gives up after 15 minutes"
        waited[prefix] = len(bigquery.asked)

    bigquery.running_jobs = lambda prefix: [
        SimpleNamespace(job_id=prefix + "old", exception=lambda timeout: wait(prefix, timeout))
    ]
    assert planner.execute(context()) == []
    # What running jobs embed and publish must not be planned again.
    assert waited == {"vitrine_embed-bqml_tutorial-": 0, "vitrine-bqml_tutorial-a_dag-": 0}


def test_a_batch_that_the_quota_cannot_finish_is_refused(planner, bigquery):
    bigquery.answers["select_batches"] = [BATCH | {"images": 361}]
    planner.collection = collection_with(requests_per_minute=1)
    with pytest.raises(BatchTooLargeError, match="at most 360"):
        planner.execute(context())


def test_nothing_is_planned_out_of_turn(planner, bigquery, variables):
    variables.clear()
    with pytest.raises(TurnLostError):
        planner.execute(context())
    assert bigquery.asked == []
