"""The tasks between a written plan and the money it costs."""

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
    """Let review_plan and, above the cap, approve_cost follow a plan; then take_quota, which is returned.

    :param end: task id with which a run goes on that is not approved.
    """
    group = plan.task_id.removesuffix(plan.label)
    review = ReviewPlanOperator(
        task_id="review_plan",
        collection=collection,
        plan=plan.task_id,
        embed=f"{group}take_quota",
        ask=f"{group}approve_cost",
        end=end,
    )
    approve = ApproveCostOperator(
        task_id="approve_cost",
        subject="Embedding these images costs more than max_cost_usd allows. Do it?",
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
