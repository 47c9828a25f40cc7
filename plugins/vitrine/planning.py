"""Work orders: their names, and what they will cost. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypedDict

from vitrine import limits
from vitrine.errors import TooManyBatchesError
from vitrine.jobs import job_id


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


def refuse_too_many(batches: Sequence[Batch], most: int) -> None:
    """Refuse more batches than Airflow maps. Errors: TooManyBatchesError naming the size that works."""
    if len(batches) > most:
        images = sum(batch["images"] for batch in batches)
        raise TooManyBatchesError(
            f"{images:,} images are {len(batches):,} batches, more than the {most:,} that Airflow maps over "
            f"([core] max_map_length). Use a batch_size of at least {ceil(images / most):,}."
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


def estimate(batches: Sequence[Batch], lanes: int) -> Plan:
    """Price and duration of batches, `lanes` at a time; the quota that all jobs share bounds them."""
    images = sum(batch["images"] for batch in batches)
    busy_lanes = max(1, min(lanes, len(batches)))
    per_minute = min(busy_lanes * limits.IMAGES_PER_MINUTE_PER_JOB, limits.EMBEDDING_REQUESTS_PER_MINUTE)
    return Plan(
        images=images,
        bytes=sum(batch["bytes"] or 0 for batch in batches),
        batches=len(batches),
        cost_usd=images * limits.IMAGE_PRICE_USD,
        minutes=ceil(images / per_minute),
    )
