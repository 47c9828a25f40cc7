"""The query jobs of embed_images: .sql files with their parameters.

Values that depend on the run are Jinja templates, which the operators render.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vitrine import limits
from vitrine.collection import Collection
from vitrine.embed import passes, planning, statuses
from vitrine.embed.next_wave import next_wave
from vitrine.google.jobs import (
    RUN_ID,
    Parameter,
    boolean,
    content_types,
    float64,
    int64,
    model,
    query_job,
    string,
    timestamp,
)

EVERY_IMAGE: Final = limits.MAX_INT64  # no cap
# Pictures that are looked at for each new one: itself, and the nearest. Where a picture is there more often,
# its copies are still one group, because each of them is near some others.
NEAREST: Final = 10
STARTED_AT: Final = timestamp("started_at", "{{ dag_run.start_date | ts }}")
URI_PREFIX: Final = string("uri_prefix", "{{ params.uri_prefix or '' }}")
RETRYABLE: Final = string("retryable_prefix", limits.RETRYABLE_STATUS_PREFIX)
FAILED_JOB: Final = string("failed_job_prefix", statuses.FAILED_JOB_PREFIX)
FAILED_ALONE: Final = string("failed_alone_prefix", statuses.FAILED_ALONE_PREFIX)
DRY_RUN: Final = "{{ params.dry_run | string | lower }}"
REPLAY: Final = "{{ (params.replay_quarantine and not params.dry_run) | string | lower }}"


def macros(collection: Collection) -> dict[str, Any]:
    """Names that the SQL and templated fields of embed_images may use in addition to those of every DAG."""
    return {
        "work_order": lambda ti, number: planning.work_order(collection.namespace, number, str(ti.id)),
        "updated_within": planning.updated_within,
        "batch_size": lambda wanted: planning.batch_size(wanted, collection.rates),
        "most_images": most_images,
        "next_wave": next_wave,
        # VECTOR_SEARCH and LIMIT take literals only.
        "top_k": NEAREST,
        "most_new_images": collection.images_per_run,
    }


def embed(collection: Collection) -> dict[str, Any]:
    """Embed a batch, see `of_batch`."""
    return query_job("embed/insert_embedding_attempts.sql", *_embedding(collection))


def failed_batch(collection: Collection) -> dict[str, Any]:
    """Record that the job of a batch failed, see `of_batch`; the status is added."""
    return query_job("embed/insert_failed_attempts.sql", model(collection))


def settle() -> dict[str, Any]:
    """Publish a batch, see `of_batch`."""
    return query_job("embed/settle_batch.sql", FAILED_JOB)


def of_batch(batch: planning.Batch) -> tuple[Parameter, ...]:
    """Parameters that name a batch. `planned_at` lets BigQuery read only the days since then."""
    return (
        string("work_order", batch["work_order"]),
        int64("batch_number", batch["batch_number"]),
        timestamp("planned_at", batch["planned_at"]),
    )


def list_bucket() -> dict[str, Any]:
    """List the bucket."""
    return query_job("embed/refresh_listing.sql")


def plan(collection: Collection, pass_number: int) -> dict[str, Any]:
    """Write a work order, whose name PlanBatchesOperator adds."""
    rates = collection.rates
    per_run = collection.images_per_run if pass_number == 1 else EVERY_IMAGE
    return query_job(
        "embed/plan_batches.sql",
        RUN_ID,
        int64("pass_number", pass_number),
        model(collection),
        content_types(collection),
        FAILED_JOB,
        URI_PREFIX,
        timestamp("updated_from", "{{ updated_within(dag_run)[0] }}"),
        timestamp("updated_until", "{{ updated_within(dag_run)[1] }}"),
        int64("batch_size", "{{ batch_size(params.batch_size | int) }}"),
        int64("lanes", rates.lanes if pass_number == 1 else planning.unrefused_lanes(rates)),
        int64("images_per_minute_per_lane", rates.images_per_minute_per_job),
        string("order", "{{ params.order }}"),
        int64("max_images", "{{ most_images(params) }}"),
        int64("budget_images", budget_images(collection)),
        int64("images_per_run", per_run),
        int64("most_images", planning.most_plan_images(rates)),
        int64("pieces_per_job", passes.PIECES_PER_JOB),
        int64("max_pieces", passes.MAX_PIECES),
        boolean("dry_run", DRY_RUN),
        # Once, with the first plan.
        boolean("replay", REPLAY if pass_number == 1 else False),
        string("replay_status", "{{ params.replay_status or '' }}"),
    )


def budget_images(collection: Collection) -> int:
    """Number of images that the budget of a calendar month pays for."""
    return EVERY_IMAGE if collection.budget_images is None else collection.budget_images


def most_images(params: Mapping[str, Any]) -> int:
    """Number of images that a run may embed, by its Params. Airflow accepts whole numbers like 5.0."""
    return int(params["max_images"] or EVERY_IMAGE)


def check(collection: Collection, plan: str) -> dict[str, Any]:
    """Check the pass that the task `plan` has planned; CheckStatusOperator adds `is_released`."""
    return query_job(
        "embed/check_pass.sql",
        RUN_ID,
        model(collection),
        content_types(collection),
        RETRYABLE,
        FAILED_JOB,
        FAILED_ALONE,
        string("work_order", f"{{{{ ti.xcom_pull(task_ids='{plan}', key='work_order') }}}}"),
        float64("max_terminal_share", collection.max_terminal_share),
        boolean("dry_run", False),
    )


def ask_one_image(collection: Collection, *, was_embedded: bool) -> dict[str, Any]:
    """Ask the model about one image, see `of_batch`."""
    return query_job(
        "embed/ask_one_image.sql",
        *_embedding(collection),
        content_types(collection),
        boolean("was_embedded", was_embedded),
    )


def sync_bucket(collection: Collection) -> dict[str, Any]:
    """Make the searchable images follow the bucket. A run of Airflow's Backfill removes nothing, since it
    covers only part of the bucket."""
    return query_job(
        "embed/sync_bucket.sql",
        RUN_ID,
        model(collection),
        content_types(collection),
        float64("max_share", collection.max_removed_share),
        boolean("may_remove", "{{ (dag_run.run_type != 'backfill') | string | lower }}"),
        boolean("allow_mass_delete", "{{ params.allow_mass_delete | string | lower }}"),
    )


def find_duplicates(collection: Collection) -> dict[str, Any]:
    """Find near-duplicates of what is new."""
    return query_job(
        "embed/find_duplicates.sql",
        RUN_ID,
        model(collection),
        float64("duplicate_distance", collection.duplicate_distance),
    )


def run_progress(collection: Collection) -> dict[str, Any]:
    """Count what has become of the images that this run planned."""
    return query_job("embed/count_progress.sql", RUN_ID, model(collection), content_types(collection))


def report() -> dict[str, Any]:
    """Write the report of this run; ReportRunOperator adds its figures."""
    return query_job(
        "embed/write_run_report.sql",
        RUN_ID,
        STARTED_AT,
        string("data_interval_start", "{{ dag_run.data_interval_start or '' }}"),
        string("data_interval_end", "{{ dag_run.data_interval_end or '' }}"),
    )


def _embedding(collection: Collection) -> tuple[Parameter, ...]:
    """Parameters of insert_embedding_attempts.sql, besides those of the batch."""
    return RUN_ID, model(collection), FAILED_JOB, int64("dimension", collection.model.dimension)
