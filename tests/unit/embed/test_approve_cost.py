"""A person's decision about a plan."""

import pendulum
import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, chain
from airflow.sdk.exceptions import DownstreamTasksSkipped

from tests.unit.fakes import context
from vitrine.embed.approve_cost import ApproveCostOperator
from vitrine.embed.planning import Verdict


@pytest.fixture
def approve() -> ApproveCostOperator:
    """The approval of a plan, with what may follow."""
    with DAG("a_dag", schedule=None):
        operator = ApproveCostOperator(task_id="approve", subject="Pay?", plan="plan", end="report")
        chain(operator, *(EmptyOperator(task_id=name) for name in ("embed", "check", "report")))
    return operator


@pytest.mark.parametrize(
    ("said", "is_asked"),
    [
        ({"plan__verdict": str(Verdict.ASK)}, True),
        ({"plan__verdict": str(Verdict.EMBED)}, False),
        ({}, True),  # a plan that failed, and that somebody has marked a success
    ],
)
def test_a_person_is_asked_unless_the_plan_says_that_it_is_below_the_cap(
    approve, monkeypatch, said, is_asked
):
    asked = []
    monkeypatch.setattr(ApprovalOperator, "execute", lambda *_: asked.append("Pay?"))
    approve.execute(context(**said))
    assert asked == ["Pay?"] * is_asked


@pytest.mark.parametrize(("answer", "skipped"), [("Approve", set()), ("Reject", {"embed", "check"})])
def test_a_rejection_skips_repair_too_but_not_the_report(approve, answer, skipped):
    event = {
        "chosen_options": [answer],
        "params_input": {},
        "responded_at": pendulum.now(),
        "responded_by_user": None,
    }
    gone: set[str] = set()
    given = context()
    try:
        approve.execute_complete(given, event)
    except DownstreamTasksSkipped as signal:
        gone = set(signal.tasks)
    assert gone == skipped
    assert given["ti"].pushed.get("rejected", False) is bool(skipped)
    assert approve.defaults == ["Reject"], "no answer in time is no approval"
