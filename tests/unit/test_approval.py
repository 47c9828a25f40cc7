"""The tasks between a plan and its money."""

from airflow.sdk import DAG, TaskGroup

from tests.unit.test_settings import NEEDED
from vitrine import queries
from vitrine.approval import approval
from vitrine.defaults import default_args
from vitrine.operators.plan_batches import PlanBatchesOperator
from vitrine.settings import load


def test_the_tasks_name_each_other_and_the_end():
    settings = load({**NEEDED, "VITRINE_APPROVAL_HOURS": "1.5"})
    with DAG("a_dag", schedule=None, default_args=default_args(settings)) as dag, TaskGroup("pass_1"):
        write = queries.plan(settings)
        plan = PlanBatchesOperator(
            task_id="plan_batches", pass_number=1, write=write, read=write, rates=settings.rates
        )
        approved = approval(settings, plan, end="report_run")
    review, approve = dag.get_task("pass_1.review_plan"), dag.get_task("pass_1.approve_cost")
    assert (review.plan, review.ask, review.embed) == (plan.task_id, approve.task_id, approved.task_id)
    assert review.downstream_task_ids == {approve.task_id, approved.task_id}
    assert approved.upstream_task_ids == {review.task_id, approve.task_id}
    assert review.end == approve.end == "report_run"
    assert review.task_id in approve.body
    assert approve.response_timeout.total_seconds() == 5400
