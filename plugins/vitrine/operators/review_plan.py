"""The branch between a written plan and the money it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

from vitrine.bigquery import BigQuery
from vitrine.branches import tasks_between
from vitrine.jobs import string, with_parameters
from vitrine.planning import Rates, Verdict, as_markdown, deferred_reason, estimate, review

if TYPE_CHECKING:
    from airflow.sdk import Context


class ReviewPlanOperator(BaseBranchOperator):
    """Show the plan and choose: `embed` within the cap, `ask` a person above it, stop after a dry run.

    What is approved is exactly the work order that was written. Pushes the XComs `plan` (a table in
    Markdown), `verdict`, `deferred` (images) and `deferred_reason`. Stopping skips everything before `end`.

    :param plan: task id that has written the work order and returned its batches.
    :param count: query job that counts what the order defers and what was paid; gets the parameter
        `work_order`.
    :param max_cost_usd: a plan that costs more is not carried out unasked; a template.
    :param dry_run: stop after showing the plan; a template that renders to True or False.
    :param max_images: images that the run may pay; a template.
    :param budget_images: images that a calendar month may pay.
    """

    template_fields = ("count", "max_cost_usd", "dry_run", "max_images")
    template_ext = (".sql",)
    template_fields_renderers = {"count": "json"}

    def __init__(
        self, *, plan: str, count: dict[str, Any], rates: Rates, max_cost_usd: str, dry_run: str,
        max_images: str, budget_images: int, embed: str, ask: str, end: str, bigquery: BigQuery,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.plan, self.rates, self.bigquery = plan, rates, bigquery
        order = f"{{{{ ti.xcom_pull(task_ids='{plan}', key='work_order') }}}}"
        self.count = with_parameters(count, string("work_order", order))
        self.max_cost_usd, self.dry_run, self.max_images = max_cost_usd, dry_run, max_images
        self.budget_images = budget_images
        self.embed, self.ask, self.end = embed, ask, end

    def execute(self, context: Context) -> Any:
        """Log the plan and go on, or stop."""
        verdict = self._review(context["ti"])
        context["ti"].xcom_push(key="verdict", value=str(verdict))
        if verdict is Verdict.STOP:
            return self.skip(context["ti"], tasks_between(self, self.end))
        return self.do_branch(context, self.ask if verdict is Verdict.ASK else self.embed)

    def _review(self, ti: Any) -> Verdict:
        plan = estimate(ti.xcom_pull(task_ids=self.plan), self.rates)
        [counted] = self.bigquery.rows(self.count)
        reason = deferred_reason(
            counted["deferred"],
            run_left=int(self.max_images) - counted["paid_by_run"],
            month_left=self.budget_images - counted["paid_this_month"],
        )
        paid_usd = counted["paid_this_month"] * self.rates.image_usd
        table = as_markdown(plan, counted["deferred"], reason, paid_usd)
        for key, value in {"plan": table, "deferred": counted["deferred"], "deferred_reason": reason}.items():
            ti.xcom_push(key=key, value=value)
        verdict = review(plan, max_cost_usd=float(self.max_cost_usd), dry_run=self.dry_run == "True")
        self.log.info("%s (cap: $%s)\n%s", verdict, self.max_cost_usd, table)
        return verdict
