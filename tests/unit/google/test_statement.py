"""A task never has two jobs at once: against the embedded BigQuery."""

import re
import uuid

import pytest
from airflow.sdk.exceptions import TaskDeferred

from tests.unit.fakes import FakeTaskInstance, collection_with
from vitrine.google import statement as module
from vitrine.google.jobs import query_job
from vitrine.google.statement import BigQueryStatementOperator

FAST = "SELECT 1"
# About ten seconds of work on this machine, and cancelled by the test that starts it.
NUMBERS = "UNNEST(GENERATE_ARRAY(1, 30000))"
SLOW = f"SELECT COUNT(*) FROM {NUMBERS} AS a, {NUMBERS} AS b WHERE MOD(a * b, 7) = 3"
COLLECTION = collection_with(dataset="ds", labels='{"team": "curators"}')
FAILING = "SELECT ERROR('no')"


@pytest.fixture
def base() -> str:
    """A base of job ids that no other test uses."""
    return f"test-{uuid.uuid4().hex}"


def operator(base: str, sql: str, **kwargs) -> BigQueryStatementOperator:
    """The operator, as a fresh process of the task makes it."""
    return BigQueryStatementOperator(
        task_id="a_task", collection=COLLECTION, job_id=base, configuration=query_job(sql), **kwargs
    )


def run(base: str, sql: str, **kwargs) -> str:
    """Run a task's process; the id of its job."""
    return operator(base, sql, **kwargs).execute({"ti": FakeTaskInstance()})


def test_a_task_that_runs_again_submits_the_next_number(emulator, base):
    assert run(base, FAST) == f"{base}-1"
    assert run(base, FAST) == f"{base}-2"


def test_a_failed_job_does_not_block_the_next_try(emulator, base):
    with pytest.raises(Exception, match="no"):
        run(base, FAILING)
    assert run(base, FAST) == f"{base}-2"


def test_a_task_that_lost_its_worker_rejoins_its_running_job(emulator, base, monkeypatch):
    monkeypatch.setattr(module, "WAIT_BEFORE_DEFERRING_SECONDS", 0.0)
    try:
        triggers = []
        for _ in range(2):
            with pytest.raises(TaskDeferred) as deferred:
                run(base, SLOW)
            triggers.append(deferred.value.trigger.job_id)
        assert triggers == [f"{base}-1", f"{base}-1"]
    finally:
        emulator.bigquery.cancel_job(f"{base}-1")


def test_a_killed_task_cancels_the_job_it_submitted(emulator, base, monkeypatch):
    monkeypatch.setattr(module, "WAIT_BEFORE_DEFERRING_SECONDS", 0.0)
    task = operator(base, SLOW)
    with pytest.raises(TaskDeferred):
        task.execute({"ti": FakeTaskInstance()})
    task.on_kill()
    assert emulator.bigquery.get_job(f"{base}-1").exception(timeout=30) is not None


def test_without_a_base_the_ids_name_what_the_job_is_for():
    given = {"ti": FakeTaskInstance()}
    base = operator(None, FAST)._base(given)
    assert re.fullmatch(r"vitrine-ds-a_dag-a_task-manual__2026_11_22-0-[0-9a-f]{8}", base)


def test_a_job_is_labelled_for_billing_reports(emulator, base):
    run(base, FAST)
    assert emulator.bigquery.get_job(f"{base}-1").labels.items() >= COLLECTION.job_labels.items()


def test_a_job_runs_where_the_collection_says():
    elsewhere = collection_with(project="another", location="EU", gcp_conn_id="curators", poll_seconds=7)
    task = BigQueryStatementOperator(task_id="a_task", collection=elsewhere, configuration=query_job(FAST))
    assert (task.project_id, task.location, task.gcp_conn_id, task.poll_interval) == (
        "another", "EU", "curators", 7,
    )  # fmt: skip
    assert task.deferrable
