"""The tasks between a plan and its money."""

from airflow.sdk import DAG, TaskGroup

from tests.unit.fakes import collection_with
from vitrine.dag_defaults import default_args
from vitrine.embed.approval import approval
from vitrine.embed.plan_batches import PlanBatchesOperator


def test_the_tasks_name_each_other_and_the_end():
    collection = collection_with(approval_hours=1.5)
    with DAG("a_dag", schedule=None, default_args=default_args(collection)) as dag, TaskGroup("pass_1"):
        plan = PlanBatchesOperator(task_id="plan_batches", collection=collection, pass_number=1)
        approved = approval(collection, plan, end="report_run")
    review, approve = dag.get_task("pass_1.review_plan"), dag.get_task("pass_1.approve_cost")
    assert (review.plan, review.ask, review.embed) == (plan.task_id, approve.task_id, approved.task_id)
    assert review.downstream_task_ids == {approve.task_id, approved.task_id}
    assert approved.upstream_task_ids == {review.task_id, approve.task_id}
    assert review.end == approve.end == "report_run"
    assert review.task_id in approve.body
    assert approve.response_timeout.total_seconds() == 5400
