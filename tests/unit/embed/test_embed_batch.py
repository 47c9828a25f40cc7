"""The task that spends money."""

import uuid

import pytest
from airflow.sdk.exceptions import AirflowException

from tests.unit.fakes import collection_with, context, parameters
from vitrine.embed import lease
from vitrine.embed.embed_batch import EmbedBatchOperator
from vitrine.embed.planning import Batch
from vitrine.errors import BatchFailedError, TurnLostError
from vitrine.google.jobs import query_job

pytestmark = pytest.mark.usefixtures("own_turn")


BATCH = Batch(
    work_order="vitrine_embed-ds-order",
    batch_number=4,
    planned_at="2026-11-22 02:00:00+00",
    images=25_000,
    bytes=1,
)


def test_a_batch_is_paid_for_by_a_job_of_its_own_once_the_lease_is_held(collection, jobs):
    operator = EmbedBatchOperator(task_id="embed_batch", collection=collection, batch=BATCH)
    operator.execute(context())
    assert jobs.statements == ["renew_lease", "insert_embedding_attempts"]
    renewed, embedded = map(parameters, jobs.asked)
    assert renewed == {"lease_id": "ours", "lease_lost": lease.LOST, "lease_minutes": "390"}
    assert operator.job_id == "vitrine_embed-ds-order-batch4"
    assert (embedded["work_order"], embedded["batch_number"]) == ("vitrine_embed-ds-order", "4")
    assert embedded["planned_at"] == "2026-11-22 02:00:00+00"
    assert operator.deferrable
    assert not operator.cancel_on_kill, "a cancelled job's calls are paid and its vectors lost"


@pytest.fixture
def operator(emulator):
    """A batch whose job fails, or is only badly watched."""
    order = {"work_order": f"vitrine_embed-ds-{uuid.uuid4().hex}", "batch_number": 0, "images": 1}
    operator = EmbedBatchOperator(
        task_id="embed_batch", collection=collection_with(), batch=Batch(**{**BATCH, **order})
    )
    operator.configuration = query_job("SELECT ERROR('no')")
    operator.renew = query_job("SELECT @lease_id")
    operator.failed = query_job("CREATE OR REPLACE TABLE noted.failure AS SELECT @status AS status")
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
    first = f"{operator.batch['work_order']}-batch0-1"
    emulator.bigquery.query("SELECT ERROR('no')", job_id=first, job_retry=None).exception()
    with pytest.raises(BatchFailedError):
        operator.execute_complete(context(), event)


def test_nothing_is_paid_without_the_lease(emulator, operator):
    operator.renew = query_job("SELECT ERROR(CONCAT(@lease_lost, ' Run 7 has it.'))")
    with pytest.raises(TurnLostError, match=r"(?s)Run 7 has it\..*Clear the whole run"):
        operator.execute(context())
    assert emulator_has_no_job(emulator, operator)


def test_nothing_is_paid_out_of_turn(emulator, operator, variables):
    variables.clear()
    with pytest.raises(TurnLostError):
        operator.execute(context())
    assert emulator_has_no_job(emulator, operator)


def emulator_has_no_job(emulator, operator) -> bool:
    """Whether no job of the batch was submitted."""
    ours = operator.batch["work_order"]
    return not any(job.job_id.startswith(ours) for job in emulator.bigquery.list_jobs())
