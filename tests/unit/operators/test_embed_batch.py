"""The task that spends money."""

import uuid

import pytest
from airflow.sdk.exceptions import AirflowException

from tests.unit.fakes import FakeBigQuery, FakeTaskInstance, parameters
from vitrine.bigquery import BigQuery
from vitrine.errors import BatchFailedError
from vitrine.jobs import query_job, string
from vitrine.operators.embed_batch import EmbedBatchOperator
from vitrine.planning import Batch


def test_a_batch_names_its_jobs_and_fills_its_statement():
    operator = EmbedBatchOperator(
        task_id="embed_batch", dataset="ds", configuration=query_job("embed.sql", string("model", "m")),
        failed=query_job("failed.sql"), count=query_job("count"), bigquery=FakeBigQuery(),
        batch=Batch(work_order="vitrine_embed-ds-run-pass1-try1", batch_number=4, images=25_000, bytes=1),
    )  # fmt: skip
    assert operator.job_id == "vitrine_embed-ds-run-pass1-try1-batch4"
    assert parameters(operator.configuration) == {
        "model": "m", "work_order": "vitrine_embed-ds-run-pass1-try1", "batch_number": "4",
    }  # fmt: skip
    assert parameters(operator.failed).keys() == {"work_order", "batch_number"}
    assert operator.deferrable
    assert not operator.cancel_on_kill, "a cancelled job's calls are paid and its vectors lost"


@pytest.fixture
def operator():
    """A batch whose job fails, or is only badly watched."""
    batch = Batch(work_order=f"vitrine_embed-ds-{uuid.uuid4().hex}", batch_number=0, images=1, bytes=1)
    return EmbedBatchOperator(
        task_id="embed_batch", dataset="ds", batch=batch, configuration=query_job("SELECT ERROR('no')"),
        failed=query_job("CREATE OR REPLACE TABLE noted.failure AS SELECT @status AS status"),
        count=query_job("SELECT 100 AS planned, 75 AS done, 90 AS seconds"),
        bigquery=BigQuery("google_cloud_default", "demo-project", "US"),
        gcp_conn_id="google_cloud_default", project_id="demo-project", location="US",
    )  # fmt: skip


def test_a_job_that_failed_is_not_paid_again_by_a_retry(emulator, operator):
    emulator.bigquery.create_dataset("noted", exists_ok=True)
    with pytest.raises(BatchFailedError, match=r"batch0-1 failed: .*no"):
        operator.execute({"ti": FakeTaskInstance()})
    [noted] = emulator.bigquery.query_and_wait("SELECT status FROM noted.failure")
    assert noted["status"].startswith("A retryable error occurred: the job of 1 image failed: ")


def test_a_failure_that_cannot_be_noted_is_still_final(emulator, operator):
    operator.failed = query_job("SELECT ERROR('no ledger')")
    with pytest.raises(BatchFailedError):
        operator.execute({"ti": FakeTaskInstance()})


def test_a_failed_job_is_told_from_a_failure_to_watch_it(emulator, operator):
    event = {"status": "error", "message": "triggerer lost its connection", "job_id": None}
    with pytest.raises(AirflowException, match="lost its connection"):
        operator.execute_complete({"ti": FakeTaskInstance()}, event)
    emulator.bigquery.query("SELECT ERROR('no')", job_id=f"{operator.job_id}-1", job_retry=None).exception()
    with pytest.raises(BatchFailedError):
        operator.execute_complete({"ti": FakeTaskInstance()}, event)


def test_a_batch_that_ended_tells_how_far_the_order_is(emulator, operator):
    operator.configuration = query_job("SELECT 1")
    ti = FakeTaskInstance()
    operator.execute({"ti": ti})
    assert parameters(operator.count) == {"work_order": operator.batch["work_order"]}
    assert ti.pushed["progress"] == {"done": 75, "left": 25, "images_per_minute": 50, "minutes_left": 1}
