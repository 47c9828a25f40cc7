"""The tasks between a plan and its money."""

from airflow.sdk import DAG, TaskGroup

from tests.unit.fakes import collection_with
from vitrine.dag_defaults import default_args
from vitrine.embed.approval import approval
from vitrine.embed.plan_batches import PlanRunOperator


def test_the_tasks_name_each_other_and_the_end():
    collection = collection_with(approval_hours=1.5)
    with DAG("a_dag", schedule=None, default_args=default_args(collection)) as dag, TaskGroup("plan"):
        plan = PlanRunOperator(task_id="plan_batches", collection=collection, nothing="sync", end="report")
        take_quota = approval(collection, plan, end="report")
    approve = dag.get_task("plan.approve_cost")
    assert approve.upstream_task_ids == {plan.task_id}
    assert approve.downstream_task_ids == {take_quota.task_id}
    assert (approve.plan, approve.end) == (plan.task_id, "report")
    assert "key='question'" in approve.subject
    assert "key='plan'" in approve.body
    assert "Without an answer within 1.5 hours it is rejected" in approve.body
    assert approve.response_timeout.total_seconds() == 5400
