"""The tasks that review a plan before it costs money."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import TriggerRule, chain

from vitrine import notifications
from vitrine.collection import Collection
from vitrine.embed.approve_cost import ApproveCostOperator
from vitrine.embed.plan_batches import PlanBatchesOperator
from vitrine.embed.review_plan import ReviewPlanOperator
from vitrine.embed.take_turn import TakeQuotaSensor


def approval(collection: Collection, plan: PlanBatchesOperator, end: str) -> TakeQuotaSensor:
    """Add review_plan and approve_cost after a plan, then take_quota. Returns take_quota.

    :param end: task id with which a run continues that is not approved.
    """
    group = plan.task_id.rpartition(".")[0]
    review = ReviewPlanOperator(
        task_id="review_plan",
        collection=collection,
        plan=plan.task_id,
        embed=f"{group}.take_quota",
        ask=f"{group}.approve_cost",
        end=end,
    )
    approve = ApproveCostOperator(
        task_id="approve_cost",
        subject="Embedding these images costs more than max_cost_usd. Approve?",
        body=f"{{{{ ti.xcom_pull(task_ids='{review.task_id}', key='plan') }}}}",
        response_timeout=timedelta(hours=collection.approval_hours),
        notifiers=notifications.on_failure(collection),
        end=end,
    )
    take_quota = TakeQuotaSensor(
        task_id="take_quota",
        collection=collection,
        plan=plan.task_id,
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    chain(plan, review, [approve, take_quota])
    chain(approve, take_quota)
    return take_quota
