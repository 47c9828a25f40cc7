"""Work orders: their names, what they will cost, and whether a person is asked. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Any, Final, TypedDict

from vitrine import limits
from vitrine.collection import Rates
from vitrine.errors import BatchTooLargeError, TooManyBatchesError
from vitrine.google.jobs import job_id

# The whole range of a TIMESTAMP. https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types
ALL_TIMES: Final = ("0001-01-01 00:00:00+00:00", "9999-12-31 23:59:59.999999+00:00")


class Batch(TypedDict):
    """One batch of a work order, as embed_batch is mapped over it."""

    work_order: str
    batch_number: int
    images: int
    bytes: int


def embed_job_prefix(dataset: str) -> str:
    """Beginning of the id of every job that calls the model for this dataset."""
    return job_id("vitrine_embed", dataset) + "-"


def work_order(dataset: str, pass_number: int, task_instance_id: str) -> str:
    """Name of one try at planning one pass. The ids of its jobs begin with it, so they cannot run twice.

    Airflow gives every try an id of its own, also when a run is deleted and made again under its old name.
    """
    return embed_job_prefix(dataset) + job_id(f"pass{pass_number}", task_instance_id)


def updated_within(dag_run: Any) -> tuple[str, str]:
    """From when and until when (exclusive) an image must have been updated to be planned by a run.

    The runs of Airflow's Backfill share the past among them; every other run looks at everything.
    """
    if dag_run.run_type != "backfill":
        return ALL_TIMES
    return str(dag_run.data_interval_start), str(dag_run.data_interval_end)


def refuse_unworkable(batches: Sequence[Batch], most: int, images_per_minute: int) -> None:
    """Refuse more batches than Airflow maps, and a batch that the quota cannot finish while its query lives.

    Errors: TooManyBatchesError, BatchTooLargeError; both name the batch_size that works.
    """
    images = sum(batch["images"] for batch in batches)
    if len(batches) > most:
        raise TooManyBatchesError(
            f"{images:,} images are {len(batches):,} batches, more than the {most:,} that Airflow maps over "
            f"([core] max_map_length). Use a batch_size of at least {ceil(images / most):,}."
        )
    largest = max((batch["images"] for batch in batches), default=0)
    finishing = images_per_minute * limits.MAX_QUERY_MINUTES
    if largest > finishing:
        raise BatchTooLargeError(
            f"A batch of {largest:,} images takes longer than the {limits.MAX_QUERY_MINUTES} minutes that "
            f"BigQuery lets a query run, at {images_per_minute:,} images a minute "
            f"(VITRINE_REQUESTS_PER_MINUTE). Use a batch_size of at most {finishing:,}."
        )


@dataclass(frozen=True)
class Plan:
    """What one work order asks of the model."""

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
    """Price and duration of batches; the lanes and the quota that all jobs share bound the pace."""
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
    """What happens to a plan."""

    EMBED = "embed"
    ASK = "ask"  # a person decides
    STOP = "stop"


def review(plan: Plan, *, max_cost_usd: float, dry_run: bool) -> Verdict:
    """Whether a plan is carried out. One without images costs nothing: it is, whatever the cap."""
    if dry_run:
        return Verdict.STOP
    return Verdict.ASK if plan.cost_usd > max_cost_usd else Verdict.EMBED


def deferred_reason(deferred: int, *, run_left: int, month_left: int) -> str:
    """The tighter of two caps on the images that a run may pay; "" when nothing is deferred.

    :param run_left: images that max_images leaves to this run.
    :param month_left: images that the monthly budget leaves.
    """
    if not deferred:
        return ""
    return "monthly_budget" if month_left < run_left else "max_images"


def as_markdown(plan: Plan, deferred: int, reason: str, paid_this_month_usd: float) -> str:
    """The plan as a table, for the log and for the person who approves it."""
    rows = {
        "images": f"{plan.images:,} ({plan.bytes / 1e6:,.1f} MB)",
        "batches": f"{plan.batches:,}",
        "estimated cost": f"${plan.cost_usd:,.2f}",
        "paid this month so far": f"${paid_this_month_usd:,.2f}",
        "time on BigQuery": f"about {plan.minutes:,} min",
        "deferred to later runs": f"{deferred:,}" + (f" ({reason})" if reason else ""),
    }
    return "\n".join(["| plan | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def pace(planned: int, done: int, seconds: int | None) -> dict[str, int | None]:
    """How far a work order is: done, left, images_per_minute, minutes_left (None before the first answer).

    :param done: images that have an answer.
    :param seconds: since the first job began; None before the first answer.
    """
    per_minute = done * 60 / max(seconds or 0, 1)
    left = planned - done
    minutes_left = ceil(left / per_minute) if done else None
    return {
        "done": done, "left": left, "images_per_minute": round(per_minute), "minutes_left": minutes_left
    }  # fmt: skip
