"""A task never has two jobs at once: against the embedded BigQuery."""

import re
import uuid

import pytest
from airflow.sdk.exceptions import TaskDeferred
from google.cloud.bigquery import QueryJob

from tests.unit.fakes import FakeTaskInstance, collection_with
from vitrine.google import statement as module
from vitrine.google.jobs import label, query_job
from vitrine.google.statement import BigQueryRowsOperator, BigQueryStatementOperator

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


class Summed(BigQueryRowsOperator):
    """Keeps the rows that it was given, and returns their sum."""

    def on_rows(self, context, rows):
        """The sum of column n."""
        context["ti"].rows = rows
        return sum(row["n"] for row in rows)


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
    ti = FakeTaskInstance()
    ti.task_id = "pass_1.a_task"
    operator(base, FAST).execute({"ti": ti})
    assert emulator.bigquery.get_job(f"{base}-1").labels == {
        "team": "curators",
        "vitrine_collection": "met",
        "vitrine_model": "default",
        "vitrine_dag": "a_dag",
        "vitrine_task": label("pass_1.a_task"),
        "vitrine_run": "manual__2026-11-22",
        # The provider's own, of an operator outside of any DAG.
        "airflow-dag": "adhoc_airflow",
        "airflow-task": "a_task",
    }


def test_a_job_bills_no_more_than_the_collection_allows(emulator, base):
    limited = collection_with(maximum_bytes_billed=10**9)
    BigQueryStatementOperator(
        task_id="a_task", collection=limited, job_id=base, configuration=query_job(FAST)
    ).execute({"ti": FakeTaskInstance()})
    assert emulator.bigquery.get_job(f"{base}-1").maximum_bytes_billed == 10**9


def test_a_job_runs_where_the_collection_says():
    elsewhere = collection_with(project="another", location="EU", gcp_conn_id="curators", poll_seconds=7)
    task = BigQueryStatementOperator(task_id="a_task", collection=elsewhere, configuration=query_job(FAST))
    assert (task.project_id, task.location, task.gcp_conn_id, task.poll_interval) == (
        "another",
        "EU",
        "curators",
        7,
    )
    assert task.deferrable


SCRIPT = """
DECLARE first INT64 DEFAULT 1;
CREATE TEMP TABLE numbers AS SELECT first AS n UNION ALL SELECT 2;
SELECT 99 AS n;
INSERT INTO numbers VALUES (3);
SELECT n, n * 2 AS twice FROM numbers ORDER BY n;
"""
LAST_ROWS = [{"n": 1, "twice": 2}, {"n": 2, "twice": 4}, {"n": 3, "twice": 6}]


def summed(base: str, sql: str) -> Summed:
    """The operator that returns rows, as a fresh process of the task makes it."""
    return Summed(task_id="a_task", collection=COLLECTION, job_id=base, configuration=query_job(sql))


def test_the_rows_are_those_of_a_scripts_last_select(emulator, base):
    ti = FakeTaskInstance()
    assert summed(base, SCRIPT).execute({"ti": ti}) == 6
    assert ti.rows == LAST_ROWS


def test_the_rows_are_the_same_after_a_deferral(emulator, base, monkeypatch):
    monkeypatch.setattr(module, "WAIT_BEFORE_DEFERRING_SECONDS", 0.0)
    monkeypatch.setattr(QueryJob, "running", lambda job: True)
    with pytest.raises(TaskDeferred) as deferred:
        summed(base, SCRIPT).execute({"ti": FakeTaskInstance()})
    ti, trigger = FakeTaskInstance(), deferred.value.trigger
    emulator.bigquery.get_job(trigger.job_id).result()
    event = {"status": "success", "message": "Job completed", "job_id": trigger.job_id}
    resume = getattr(summed(base, SCRIPT), deferred.value.method_name)
    assert resume({"ti": ti}, event) == 6
    assert ti.rows == LAST_ROWS


def test_no_rows_are_read_from_a_job_that_failed(emulator, base):
    with pytest.raises(Exception, match="no"):
        summed(base, FAILING).execute({"ti": (ti := FakeTaskInstance())})
    with pytest.raises(Exception, match="lost"):
        summed(base, FAST).execute_complete({"ti": ti}, {"status": "error", "message": "lost"})
    assert not hasattr(ti, "rows")


def test_a_task_that_lost_its_worker_takes_the_rows_of_its_running_job(emulator, base, monkeypatch):
    emulator.bigquery.query("SELECT 5 AS n", job_id=f"{base}-1", job_retry=None).result()
    with monkeypatch.context() as patch:
        patch.setattr(QueryJob, "state", "RUNNING")
        rejoined = summed(base, "SELECT 7 AS n")
        patch.setattr(rejoined, "_wait_a_moment", lambda job: patch.undo())
        assert rejoined.execute({"ti": FakeTaskInstance()}) == 5


def test_rows_that_nobody_handles_are_an_error_in_the_dag():
    with pytest.raises(TypeError, match="on_rows"):
        BigQueryRowsOperator(task_id="a_task", collection=COLLECTION, configuration=query_job(FAST))
