"""Work orders: their names, what they cost, and whether they need approval. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING, Final, TypedDict

from vitrine import limits
from vitrine.collection import Collection, Rates
from vitrine.errors import PlanTooLongError, TooManyBatchesError
from vitrine.google.jobs import job_id

if TYPE_CHECKING:
    from airflow.sdk.types import DagRunProtocol

# The whole range of a TIMESTAMP. https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types
ALL_TIMES: Final = ("0001-01-01 00:00:00+00:00", "9999-12-31 23:59:59.999999+00:00")


# Days that a plan may take. Its rows expire after 30, and approval, pauses and a slow service need time, too.
PLAN_DAYS: Final = 20


class Batch(TypedDict):
    """One batch of a work order; embed_batch is mapped over a list of these."""

    work_order: str
    batch_number: int
    planned_at: str  # a TIMESTAMP as text
    images: int
    bytes: int


def embed_job_prefix(dataset: str) -> str:
    """Prefix of the id of every job that embeds or settles a batch for this dataset."""
    return job_id("vitrine_embed", dataset) + "-"


def job_prefixes(collection: Collection, dag_id: str) -> tuple[str, str]:
    """Prefixes of the ids of all jobs that embed_images starts for a collection and model."""
    return embed_job_prefix(collection.namespace), f"{job_id('vitrine', collection.namespace, dag_id)}-"


def work_order(dataset: str, pass_number: int, task_instance_id: str) -> str:
    """Name of one attempt to plan one pass. The ids of its jobs begin with it, so none can run twice.

    Airflow gives every try a new id, even when a run is deleted and created again under the same name.
    """
    return embed_job_prefix(dataset) + job_id(f"pass{pass_number}", task_instance_id)


def updated_within(dag_run: DagRunProtocol) -> tuple[str, str]:
    """Start and end (exclusive) of the time in which an image must have been updated to be planned by a run.

    A run of Airflow's Backfill takes its own data interval, every other run takes everything.
    """
    if dag_run.run_type != "backfill":
        return ALL_TIMES
    return str(dag_run.data_interval_start), str(dag_run.data_interval_end)


def most_plan_images(rates: Rates) -> int:
    """Images that a plan may have: what the quota embeds before the rows of the plan expire."""
    return rates.images_per_minute * 60 * 24 * PLAN_DAYS


def unrefused_lanes(rates: Rates) -> int:
    """Batches in parallel that together ask for no more than the quota, for passes that repair.

    The lanes of a first pass ask for a little more, so that the quota is used up; what is refused for that
    would be refused again, pass after pass.

    >>> unrefused_lanes(Rates(0.0001, images_per_minute=600, images_per_minute_per_job=250, lanes=3))
    2
    """
    return max(1, min(rates.lanes, rates.images_per_minute // rates.images_per_minute_per_job))


def batch_size(wanted: int, rates: Rates) -> int:
    """Images of a batch: as wanted, but no more than the quota embeds before BigQuery ends a query."""
    return min(wanted, rates.images_per_minute * limits.MAX_QUERY_MINUTES)


def refuse_unworkable(images: int, batches: int, most_batches: int, rates: Rates) -> None:
    """Refuse more batches than Airflow can map over, and a plan that outlives its rows.

    Errors: TooManyBatchesError, PlanTooLongError; both name a number that works.
    """
    if batches > most_batches:
        raise TooManyBatchesError(
            f"{images:,} images make {batches:,} batches, more than the {most_batches:,} that Airflow maps "
            f"over ([core] max_map_length). Nothing was planned. Use a batch_size of at least "
            f"{ceil(images / max(1, most_batches - rates.lanes)):,}, or max_images."
        )
    most = most_plan_images(rates)
    if images > most:
        days = images / rates.images_per_minute / 60 / 24
        raise PlanTooLongError(
            f"{images:,} images take {days:,.1f} days at {rates.images_per_minute:,} a minute, and the rows "
            f"of a plan expire after 30. Nothing was planned. Set max_images_per_run to at most {most:,}, "
            "and start the run with keep_going: it takes one wave after the other."
        )


@dataclass(frozen=True)
class Plan:
    """Size, price and duration of a work order."""

    images: int
    bytes: int
    batches: int
    cost_usd: float
    minutes: int

    def __str__(self) -> str:
        """One line for the log."""
        return (
            f"{self.images:,} images ({self.bytes / 1e6:,.1f} MB) in {self.batches} batches, "
            f"about ${self.cost_usd:,.2f} and {self.minutes:,} min on BigQuery"
        )


def estimate(batches: Sequence[Batch], rates: Rates) -> Plan:
    """Size, price and duration of batches. Parallel jobs and the quota they share limit the speed."""
    images = sum(batch["images"] for batch in batches)
    busy_lanes = max(1, min(rates.lanes, len(batches)))
    per_minute = min(busy_lanes * rates.images_per_minute_per_job, rates.images_per_minute)
    return Plan(
        images=images,
        bytes=sum(batch["bytes"] or 0 for batch in batches),
        batches=len(batches),
        cost_usd=images * rates.image_usd,
        minutes=ceil(images / per_minute),
    )


class Verdict(StrEnum):
    """What to do with a plan."""

    NOTHING = "nothing"  # no image needs the model
    EMBED = "embed"
    ASK = "ask"  # wait for approval
    STOP = "stop"


def review(plan: Plan, *, max_cost_usd: float, dry_run: bool) -> Verdict:
    """Whether to carry out a plan. A plan without images costs nothing and never needs approval."""
    if dry_run:
        return Verdict.STOP
    if not plan.images:
        return Verdict.NOTHING
    return Verdict.ASK if plan.cost_usd > max_cost_usd else Verdict.EMBED


def deferred_reason(deferred: int, left: Mapping[str, int]) -> str:
    """The tightest of the limits on what a run may take on; "" when nothing is deferred.

    :param left: images that each limit leaves, by the name of the limit.
    """
    return min(left, key=lambda name: left[name]) if deferred else ""


def as_markdown(
    plan: Plan,
    copies: int,
    deferred: int,
    reason: str,
    paid_this_month_usd: float,
    cap_usd: float,
    budget_usd: float | None,
) -> str:
    """The plan as a Markdown table, for the log and for approval.

    :param budget_usd: of a month; None: no limit.
    """
    budget = f" of the budget of {_dollars(budget_usd)}" if budget_usd is not None else ""
    rows = {
        "images": f"{plan.images:,} ({plan.bytes / 1e6:,.1f} MB)",
        "batches": f"{plan.batches:,}",
        "estimated cost": _dollars(plan.cost_usd),
        "approval needed above": f"{_dollars(cap_usd)} (max_cost_usd)",
        "paid this month so far": f"{_dollars(paid_this_month_usd)}{budget}",
        "time on BigQuery": f"about {plan.minutes:,} min",
        "deferred to later runs": f"{deferred:,}" + (f" ({reason})" if reason else ""),
    }
    if copies:
        rows["copies of these, free"] = f"{copies:,}"
    return "\n".join(["| plan | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def question(plan: Plan, cap_usd: float) -> str:
    """What a person is asked about a plan, with the limit beside the price.

    >>> question(Plan(images=13_000, bytes=0, batches=3, cost_usd=1.3, minutes=30), cap_usd=1)
    'Embed 13,000 images for about $1.30? More than $1.00 needs approval.'
    >>> question(Plan(images=274, bytes=0, batches=3, cost_usd=0.0274, minutes=1), cap_usd=0.001)
    'Embed 274 images for about $0.0274? More than $0.001 needs approval.'
    """
    return (
        f"Embed {plan.images:,} image{'' if plan.images == 1 else 's'} for about {_dollars(plan.cost_usd)}? "
        f"More than {_dollars(cap_usd)} needs approval."
    )


def _dollars(amount: float) -> str:
    """An amount with cents; a smaller one with as many figures as it takes to compare it."""
    return f"${amount:,.2f}" if amount == 0 or amount >= 0.1 else f"${amount:.3g}"


def pace(planned: int, done: int, seconds: int | None) -> dict[str, int | None]:
    """Progress of a work order: done, left, images_per_minute, minutes_left (None before the first answer).

    :param done: images that the model has answered for.
    :param seconds: time since the first of these jobs began; None before.
    """
    per_minute = done * 60 / max(seconds or 0, 1)
    left = planned - done
    minutes_left = ceil(left / per_minute) if done else None
    return {"done": done, "left": left, "images_per_minute": round(per_minute), "minutes_left": minutes_left}
