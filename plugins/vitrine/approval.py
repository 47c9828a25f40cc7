"""The tasks between a written plan and the money it costs."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TriggerRule, chain

from vitrine import notifications, queries
from vitrine.operators.approve_cost import ApproveCostOperator
from vitrine.operators.plan_batches import PlanBatchesOperator
from vitrine.operators.review_plan import ReviewPlanOperator
from vitrine.settings import Settings


def approval(settings: Settings, plan: PlanBatchesOperator, end: str) -> EmptyOperator:
    """Let review_plan and, above the cap, approve_cost follow a plan. Returns the task `approved` after them.

    :param end: task id with which a run goes on that is not approved.
    """
    group = plan.task_id.removesuffix(plan.label)
    review = ReviewPlanOperator(
        task_id="review_plan", plan=plan.task_id, count=queries.deferred(settings), rates=settings.rates,
        max_cost_usd=queries.MAX_COST_USD, dry_run="{{ params.dry_run }}", max_images=queries.MAX_IMAGES,
        budget_images=queries.budget_images(settings), embed=f"{group}approved", ask=f"{group}approve_cost",
        end=end,
    )  # fmt: skip
    approve = ApproveCostOperator(
        task_id="approve_cost",
        subject="Embedding these images costs more than max_cost_usd allows. Do it?",
        body=f"{{{{ ti.xcom_pull(task_ids='{review.task_id}', key='plan') }}}}",
        response_timeout=timedelta(hours=settings.approval_hours),
        notifiers=notifications.on_failure(settings),
        end=end,
    )
    approved = EmptyOperator(task_id="approved", trigger_rule=TriggerRule.NONE_FAILED)
    chain(plan, review, [approve, approved])
    return approve >> approved
