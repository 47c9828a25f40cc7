"""The statements of embed_images: against the embedded BigQuery."""

import uuid

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from tests.unit.fakes import FakeTaskInstance, collection_with
from vitrine.embed import lease
from vitrine.embed.statement import EmbedStatementOperator
from vitrine.errors import TurnLostError
from vitrine.google.jobs import query_job


@pytest.fixture
def operator(emulator) -> EmbedStatementOperator:
    """A statement of a batch that the task `plan` has planned."""
    return EmbedStatementOperator(
        task_id="a_task",
        collection=collection_with(),
        configuration=query_job("SELECT 1"),
        job_id=f"test-{uuid.uuid4().hex}",
        planned_by="plan",
    )


def instance(state: str | None) -> FakeTaskInstance:
    """A task instance of a run whose plan is in this state, and has left a plan at an earlier try."""
    ti = FakeTaskInstance({("plan", "return_value"): ["a plan of an earlier try"]})
    ti.states = {"plan": state}
    return ti


def jobs(emulator, operator, base: str | None = None) -> list[str]:
    """Ids of the jobs that were submitted for a statement."""
    return [
        job.job_id for job in emulator.bigquery.list_jobs() if job.job_id.startswith(base or operator.job_id)
    ]


@pytest.mark.usefixtures("own_turn")
def test_a_statement_whose_plan_has_succeeded_runs(emulator, operator):
    base = operator.job_id
    operator.execute({"ti": instance("success")})
    assert jobs(emulator, operator, base) == [f"{base}-1"]


@pytest.mark.usefixtures("own_turn")
def test_a_lease_that_is_lost_is_final_and_says_who_has_it(operator):
    operator.configuration = query_job("SELECT ERROR(CONCAT(@lease_lost, ' Run 7 on laptop has it.'))")
    with pytest.raises(TurnLostError, match=r"Run 7 on laptop has it\..*Clear the whole run"):
        operator.execute({"ti": instance("success")})


@pytest.mark.usefixtures("own_turn")
def test_any_other_failure_is_retried(operator):
    operator.configuration = query_job("SELECT ERROR('no')")
    with pytest.raises(AirflowException, match="no") as failed:
        operator.execute({"ti": instance("success")})
    assert not isinstance(failed.value, TurnLostError)


def test_a_lease_that_was_lost_meanwhile_is_final_after_a_deferral(operator):
    event = {"status": "error", "message": f"400 {lease.LOST} Run 7 has it.", "job_id": None}
    with pytest.raises(TurnLostError, match="Run 7 has it"):
        operator.execute_complete({"ti": instance("success")}, event)


@pytest.mark.usefixtures("own_turn")
@pytest.mark.parametrize("state", [None, "failed", "skipped", "upstream_failed"])
def test_a_statement_whose_plan_has_not_succeeded_is_skipped(emulator, operator, state):
    with pytest.raises(AirflowSkipException, match="plan"):
        operator.execute({"ti": instance(state)})
    assert jobs(emulator, operator) == []


def test_a_statement_out_of_turn_is_refused(emulator, operator, variables):
    with pytest.raises(TurnLostError, match="take_turn"):
        operator.execute({"ti": instance("success")})
    assert jobs(emulator, operator) == []


def test_a_run_that_has_planned_nothing_has_nothing_to_do_out_of_turn_either(operator, variables):
    with pytest.raises(AirflowSkipException):
        operator.execute({"ti": instance("skipped")})
