"""The task that writes the work order."""

from types import SimpleNamespace

from tests.unit.fakes import FakeBigQuery, context
from vitrine.jobs import query_job
from vitrine.operators.plan_batches import PlanBatchesOperator

BATCH = {"work_order": "w", "batch_number": 0, "images": 3, "bytes": 99}


def planner(bigquery: FakeBigQuery) -> PlanBatchesOperator:
    """A planner over this BigQuery."""
    return PlanBatchesOperator(
        task_id="plan",
        pass_number=2,
        write=query_job("write"),
        read=query_job("read"),
        lanes=3,
        dataset="ds",
        bigquery=bigquery,
    )


def test_the_order_is_written_then_read():
    bigquery = FakeBigQuery(read=[BATCH])
    assert planner(bigquery).execute(context()) == [BATCH]
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
