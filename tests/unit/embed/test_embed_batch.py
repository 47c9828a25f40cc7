"""The task that spends money."""

import uuid

import pytest
from airflow.sdk.exceptions import AirflowException

from tests.unit.fakes import FakeTaskInstance, collection_with, context, parameters
from vitrine.embed.embed_batch import EmbedBatchOperator
from vitrine.embed.planning import Batch
from vitrine.errors import BatchFailedError, TurnLostError
from vitrine.google.jobs import query_job, string

pytestmark = pytest.mark.usefixtures("own_turn")


def test_a_batch_names_its_jobs_and_fills_its_statements(collection):
    operator = EmbedBatchOperator(
        task_id="embed_batch",
        collection=collection,
        configuration=query_job("embed.sql", string("model", "m")),
        batch=Batch(work_order="vitrine_embed-ds-run-pass1-try1", batch_number=4, images=25_000, bytes=1),
    )
    order = {"work_order": "vitrine_embed-ds-run-pass1-try1"}
    assert operator.job_id == "vitrine_embed-ds-run-pass1-try1-batch4"
    assert parameters(operator.configuration) == {"model": "m", **order, "batch_number": "4"}
    assert parameters(operator.failed) == {"model": collection.model.id, **order, "batch_number": "4"}
    assert parameters(operator.count).items() >= order.items()
    assert operator.deferrable
    assert not operator.cancel_on_kill, "a cancelled job's calls are paid and its vectors lost"


@pytest.fixture
def operator(emulator):
    """A batch whose job fails, or is only badly watched."""
    batch = Batch(work_order=f"vitrine_embed-ds-{uuid.uuid4().hex}", batch_number=0, images=1, bytes=1)
    operator = EmbedBatchOperator(
        task_id="embed_batch",
        collection=collection_with(),
        batch=batch,
        configuration=query_job("SELECT ERROR('no')"),
    )
    operator.failed = query_job("CREATE OR REPLACE TABLE noted.failure AS SELECT @status AS status")
    operator.count = query_job("SELECT 100 AS planned, 75 AS done, 90 AS seconds")
    return operator


def test_a_job_that_failed_is_not_paid_again_by_a_retry(emulator, operator):
    emulator.bigquery.create_dataset("noted", exists_ok=True)
    with pytest.raises(BatchFailedError, match=r"batch0-1 failed: .*no"):
        operator.execute(context())
    [noted] = emulator.bigquery.query_and_wait("SELECT status FROM noted.failure")
    assert noted["status"].startswith("A retryable error occurred: the job of 1 image failed: ")


def test_a_failure_that_cannot_be_noted_is_still_final(operator):
    operator.failed = query_job("SELECT ERROR('no ledger')")
    with pytest.raises(BatchFailedError):
        operator.execute(context())


def test_a_failed_job_is_told_from_a_failure_to_watch_it(emulator, operator):
    event = {"status": "error", "message": "triggerer lost its connection", "job_id": None}
    with pytest.raises(AirflowException, match="lost its connection"):
        operator.execute_complete(context(), event)
    emulator.bigquery.query("SELECT ERROR('no')", job_id=f"{operator.job_id}-1", job_retry=None).exception()
    with pytest.raises(BatchFailedError):
        operator.execute_complete(context(), event)


def test_a_batch_that_ended_tells_how_far_the_order_is(operator):
    operator.configuration = query_job("SELECT 1")
    ti = FakeTaskInstance()
    operator.execute({"ti": ti})
    assert ti.pushed["progress"] == {"done": 75, "left": 25, "images_per_minute": 50, "minutes_left": 1}


def test_nothing_is_paid_out_of_turn(emulator, operator, variables):
    variables.clear()
    with pytest.raises(TurnLostError):
        operator.execute(context())
    with pytest.raises(Exception, match="Not found"):
        emulator.bigquery.get_job(f"{operator.job_id}-1")
