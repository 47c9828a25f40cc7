"""Which tasks a branch skips."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain

from vitrine.embed.branches import tasks_between


def test_what_lies_between_goes_and_the_end_with_what_follows_stays():
    with DAG("a_dag", schedule=None):
        before, review, ask, go, check, end, after = (
            EmptyOperator(task_id=name) for name in ("before", "review", "ask", "go", "check", "end", "after")
        )
        chain(before, review, [ask, go], check, end, after)
        ask >> go
    assert {task.task_id for task in tasks_between(review, "end")} == {"ask", "go", "check"}
    assert {task.task_id for task in tasks_between(ask, "end")} == {"go", "check"}
