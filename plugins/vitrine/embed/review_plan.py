"""The branch between a written plan and the money it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.collection import Collection
from vitrine.embed import queries
from vitrine.embed.branches import tasks_between
from vitrine.embed.planning import Verdict, as_markdown, deferred_reason, estimate, review
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context


class ReviewPlanOperator(BaseBranchOperator):
    """Show the plan and choose: `embed` within the cap, `ask` a person above it, stop after a dry run.

    What is approved is exactly the work order that was written. Pushes the XComs `plan` (a table in
    Markdown), `verdict`, `deferred` (images) and `deferred_reason`. Stopping skips everything before `end`.
    Reads the Params dry_run, max_cost_usd and max_images.

    :param plan: id of the task that has written the work order and returned its batches.
    """

    template_fields = ("count",)
    template_ext = (".sql",)
    template_fields_renderers = {"count": "json"}

    def __init__(
        self, *, collection: Collection, plan: str, embed: str, ask: str, end: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.collection, self.plan = collection, plan
        order = f"{{{{ ti.xcom_pull(task_ids='{plan}', key='work_order') }}}}"
        self.count = with_parameters(queries.deferred(collection), string("work_order", order))
        self.embed, self.ask, self.end = embed, ask, end

    def execute(self, context: Context) -> Any:
        """Log the plan and go on, or stop."""
        verdict = self._review(context)
        context["ti"].xcom_push(key="verdict", value=str(verdict))
        if verdict is Verdict.STOP:
            return self.skip(context["ti"], tasks_between(self, self.end))
        return self.do_branch(context, self.ask if verdict is Verdict.ASK else self.embed)

    def _review(self, context: Context) -> Verdict:
        ti, params, rates = context["ti"], context["params"], self.collection.rates
        plan = estimate(ti.xcom_pull(task_ids=self.plan), rates)
        [counted] = BigQuery.of(self.collection).rows(self.count)
        reason = deferred_reason(
            counted["deferred"],
            run_left=(params["max_images"] or queries.EVERY_IMAGE) - counted["paid_by_run"],
            month_left=queries.budget_images(self.collection) - counted["paid_this_month"],
        )
        table = as_markdown(plan, counted["deferred"], reason, counted["paid_this_month"] * rates.image_usd)
        for key, value in {"plan": table, "deferred": counted["deferred"], "deferred_reason": reason}.items():
            ti.xcom_push(key=key, value=value)
        cap = params["max_cost_usd"]
        cap = self.collection.max_cost_usd if cap is None else cap
        verdict = review(plan, max_cost_usd=cap, dry_run=params["dry_run"])
        self.log.info("%s (cap: $%s)\n%s", verdict, cap, table)
        return verdict
