"""The tasks between a plan and what it costs."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import TriggerRule, chain

from vitrine import notifications
from vitrine.collection import Collection
from vitrine.embed.approve_cost import ApproveCostOperator
from vitrine.embed.plan_batches import PlanBatchesOperator
from vitrine.embed.take_turn import TakeQuotaSensor


def approval(collection: Collection, plan: PlanBatchesOperator, end: str) -> TakeQuotaSensor:
    """Add approve_cost after a plan, then take_quota. Returns take_quota.

    :param end: task id with which a run continues that is not approved.
    """

    def said(key: str) -> str:
        # A plan that was marked a success by hand has said nothing.
        return f"{{{{ ti.xcom_pull(task_ids='{plan.task_id}', key='{key}') or 'There is no {key}.' }}}}"

    approve = ApproveCostOperator(
        task_id="approve_cost",
        plan=plan.task_id,
        subject=said("question"),
        body=f"{said('plan')}\n\nWithout an answer within {collection.approval_hours:g} hours it is "
        "rejected: nothing is embedded or paid, and the images stay pending.",
        response_timeout=timedelta(hours=collection.approval_hours),
        notifiers=notifications.on_question(collection),
        end=end,
    )
    take_quota = TakeQuotaSensor(
        task_id="take_quota", collection=collection, trigger_rule=TriggerRule.NONE_FAILED
    )
    chain(plan, approve, take_quota)
    return take_quota
