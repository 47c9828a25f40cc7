"""The tasks that write the work order of a pass, before any money is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow.providers.common.compat.sdk import SkipMixin
from airflow.sdk.configuration import conf

from vitrine.collection import Collection
from vitrine.embed import queries
from vitrine.embed.branches import tasks_between
from vitrine.embed.planning import (
    Batch,
    Verdict,
    as_markdown,
    deferred_reason,
    estimate,
    question,
    refuse_unworkable,
    review,
)
from vitrine.embed.statement import EmbedStatementOperator
from vitrine.errors import VitrineError
from vitrine.google.jobs import int64, string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context


class PlanBatchesOperator(EmbedStatementOperator):
    """Write a work order and return its batches. Pushes the name of the work order as XCom `work_order`.

    Errors: TooManyBatchesError, PlanTooLongError, before anything is written; the text is the XCom `broken`.

    :param pass_number: 1 for the pass that decides what the run embeds; later passes repair it.
    """

    template_fields = (*EmbedStatementOperator.template_fields, "work_order")

    def __init__(self, *, collection: Collection, pass_number: int, **kwargs: Any) -> None:
        self.work_order = f"{{{{ work_order(ti, {pass_number}) }}}}"
        order = string("work_order", self.work_order)
        most_batches = conf.getint("core", "max_map_length")
        super().__init__(
            collection=collection,
            configuration=with_parameters(
                queries.plan(collection, pass_number), order, int64("most_batches", most_batches)
            ),
            **kwargs,
        )
        self.most_batches = most_batches

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> list[Batch]:
        """The batches of the work order, over which embed_batch is mapped."""
        [plan] = rows
        rates = self.collection.rates
        try:
            refuse_unworkable(plan["wanted_images"], plan["wanted_batches"], self.most_batches, rates)
        except VitrineError as error:
            context["ti"].xcom_push(key="broken", value=str(error))
            raise
        batches = cast(list[Batch], plan["batches"])
        self.log.info("Plan: %s", estimate(batches, rates))
        if plan["known"]:
            self.log.info("%s images have a vector that is known; no call is needed.", f"{plan['known']:,}")
        context["ti"].xcom_push(key="work_order", value=self.work_order)
        return batches


class PlanRunOperator(PlanBatchesOperator, SkipMixin):
    """Write the work order of the first pass, and show what it costs. Without images the run goes on with
    `nothing`, and a dry run with `end`.

    Approval covers exactly the work order that was written. Pushes the XComs `plan` (a Markdown table),
    `question` (what a person is asked), `verdict` (which approve_cost reads), `deferred` (number of images)
    and `deferred_reason`. Reads the Params dry_run, max_cost_usd and max_images.
    """

    def __init__(self, *, collection: Collection, nothing: str, end: str, **kwargs: Any) -> None:
        super().__init__(collection=collection, pass_number=1, **kwargs)
        self.ends_at = {Verdict.NOTHING: nothing, Verdict.STOP: end}

    def on_rows(self, context: Context, rows: list[dict[str, Any]]) -> list[Batch]:
        """The batches, after skipping what the verdict skips."""
        batches = super().on_rows(context, rows)
        [planned] = rows
        verdict = self._review(context, batches, planned)
        if verdict in self.ends_at:
            # Ends the task, without its answer.
            self.skip(context["ti"], tasks_between(self, self.ends_at[verdict]))
        return batches

    def _review(self, context: Context, batches: list[Batch], planned: dict[str, Any]) -> Verdict:
        params, rates = context["params"], self.collection.rates
        plan, deferred, this_month = estimate(batches, rates), planned["deferred"], planned["paid_this_month"]
        reason = deferred_reason(
            deferred,
            {
                "max_images": queries.most_images(params) - planned["paid_by_run"],
                "monthly_budget": queries.budget_images(self.collection) - this_month,
                "max_images_per_run": self.collection.images_per_run,
            },
        )
        cap = params["max_cost_usd"]
        cap = self.collection.max_cost_usd if cap is None else cap
        markdown = as_markdown(
            plan,
            planned["copies"],
            deferred,
            reason,
            this_month * rates.image_usd,
            cap,
            self.collection.monthly_budget_usd,
        )
        verdict = review(plan, max_cost_usd=cap, dry_run=params["dry_run"])
        said = {
            "plan": markdown,
            "question": question(plan, cap),
            "deferred": deferred,
            "deferred_reason": reason,
            "verdict": str(verdict),
        }
        for key, value in said.items():
            context["ti"].xcom_push(key=key, value=value)
        self.log.info("%s\n%s", verdict, markdown)
        return verdict
