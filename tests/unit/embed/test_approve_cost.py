"""A person's decision about a plan."""

import pendulum
import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain
from airflow.sdk.exceptions import DownstreamTasksSkipped

from tests.unit.fakes import context
from vitrine.embed.approve_cost import ApproveCostOperator


@pytest.mark.parametrize(("answer", "skipped"), [("Approve", set()), ("Reject", {"embed", "check"})])
def test_a_rejection_skips_repair_too_but_not_the_report(answer, skipped):
    with DAG("a_dag", schedule=None):
        approve = ApproveCostOperator(task_id="approve", subject="Pay?", end="report")
        chain(approve, *(EmptyOperator(task_id=name) for name in ("embed", "check", "report")))
    event = {
        "chosen_options": [answer], "params_input": {}, "responded_at": pendulum.now(),
        "responded_by_user": None,
    }  # fmt: skip
    gone: set[str] = set()
    given = context()
    try:
        approve.execute_complete(given, event)
    except DownstreamTasksSkipped as signal:
        gone = set(signal.tasks)
    assert gone == skipped
    assert given["ti"].pushed.get("rejected", False) is bool(skipped)
    assert approve.defaults == ["Reject"], "no answer in time is no approval"
