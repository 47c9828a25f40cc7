"""A task never has two jobs at once: against the embedded BigQuery."""

import uuid

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from tests.unit.fakes import FakeTaskInstance
from vitrine.jobs import query_job
from vitrine.operators import query_job as module
from vitrine.operators.query_job import QueryJobOperator

FAST = "SELECT 1"
# About ten seconds of work on this machine, and cancelled by the test that starts it.
NUMBERS = "UNNEST(GENERATE_ARRAY(1, 30000))"
SLOW = f"SELECT COUNT(*) FROM {NUMBERS} AS a, {NUMBERS} AS b WHERE MOD(a * b, 7) = 3"
FAILING = "SELECT ERROR('no')"


@pytest.fixture
def base() -> str:
    """A base of job ids that no other test uses."""
    return f"test-{uuid.uuid4().hex}"


def operator(base: str, sql: str, **kwargs) -> QueryJobOperator:
    """The operator, as a fresh process of the task makes it."""
    return QueryJobOperator(
        task_id="a_task", dataset="ds", job_id=base, configuration=query_job(sql),
        gcp_conn_id="google_cloud_default", project_id="demo-project", location="US", **kwargs,
    )  # fmt: skip


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


@pytest.mark.parametrize("state", [None, "failed", "skipped"])
def test_a_statement_whose_plan_has_not_succeeded_is_skipped(emulator, base, state):
    ti = FakeTaskInstance({("plan", "return_value"): ["a plan of an earlier try"]})
    ti.states = {"plan": state}
    with pytest.raises(AirflowSkipException, match="plan"):
        operator(base, FAST, planned_by="plan").execute({"ti": ti})


def test_without_a_base_the_ids_name_what_the_job_is_for(emulator):
    given = {"ti": FakeTaskInstance()}
    assert operator(None, FAST)._base(given) == "vitrine-ds-a_dag-a_task-manual__2026_11_22-0"
