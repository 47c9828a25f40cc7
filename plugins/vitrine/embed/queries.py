"""The query jobs of embed_images: .sql files with their parameters.

Values that depend on the run are Jinja templates, which the operators render.
"""

from __future__ import annotations

from typing import Any, Final

from vitrine import limits
from vitrine.collection import Collection
from vitrine.embed import passes, planning, statuses
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
STARTED_AT: Final = timestamp("started_at", "{{ dag_run.start_date | ts }}")
URI_PREFIX: Final = string("uri_prefix", "{{ params.uri_prefix or '' }}")
RETRYABLE: Final = string("retryable_prefix", limits.RETRYABLE_STATUS_PREFIX)
FAILED_JOB: Final = string("failed_job_prefix", statuses.FAILED_JOB_PREFIX)
FAILED_ALONE: Final = string("failed_alone_prefix", statuses.FAILED_ALONE_PREFIX)
MAX_IMAGES: Final = f"{{{{ (params.max_images or {EVERY_IMAGE}) | int }}}}"


def macros(collection: Collection) -> dict[str, Any]:
    """Names that the SQL and templated fields of embed_images may use in addition to those of every DAG."""
    return {
        "work_order": lambda ti, number: planning.work_order(collection.namespace, number, str(ti.id)),
        "updated_within": planning.updated_within,
    }


def embed(collection: Collection) -> dict[str, Any]:
    """Embed a batch, which EmbedBatchOperator adds."""
    return query_job(
        "embed/insert_embedding_attempts.sql",
        RUN_ID,
        model(collection),
        content_types(collection),
        FAILED_JOB,
        int64("dimension", collection.model.dimension),
    )


def plan(collection: Collection) -> dict[str, Any]:
    """Write a work order, whose name PlanBatchesOperator adds."""
    return query_job(
        "embed/write_work_order.sql",
        RUN_ID,
        *_plannable(collection),
        FAILED_JOB,
        int64("batch_size", "{{ params.batch_size | int }}"),
        string("order", "{{ params.order }}"),
        int64("max_images", MAX_IMAGES),
        int64("budget_images", budget_images(collection)),
        int64("pieces_per_job", passes.PIECES_PER_JOB),
        int64("max_pieces", passes.MAX_PIECES),
    )


def budget_images(collection: Collection) -> int:
    """Number of images that the budget of a calendar month pays for."""
    return EVERY_IMAGE if collection.budget_images is None else collection.budget_images


def deferred(collection: Collection) -> dict[str, Any]:
    """Count what a work order leaves to later runs; ReviewPlanOperator adds its name."""
    return query_job("embed/count_deferred_images.sql", RUN_ID, *_plannable(collection))


def publish_new(collection: Collection) -> dict[str, Any]:
    """Publish the vectors of images that are not searchable yet."""
    return query_job("embed/publish_new_embeddings.sql", model(collection), content_types(collection))


def publish_changed(collection: Collection) -> dict[str, Any]:
    """Publish the vectors of images whose content has changed."""
    return query_job("embed/publish_changed_embeddings.sql", model(collection), content_types(collection))


def quarantine(collection: Collection) -> dict[str, Any]:
    """Quarantine broken images."""
    return query_job("embed/quarantine_images.sql", model(collection), RETRYABLE, FAILED_ALONE)


def delete_vanished(collection: Collection) -> dict[str, Any]:
    """Remove images that are gone from the bucket from the searchable table."""
    return query_job(
        "embed/delete_vanished_embeddings.sql",
        model(collection),
        float64("max_share", collection.max_removed_share),
        boolean("allow_mass_delete", "{{ params.allow_mass_delete | string | lower }}"),
    )


def work_order_progress() -> dict[str, Any]:
    """Count the progress of a work order; EmbedBatchOperator adds its name."""
    return query_job("embed/count_order.sql", STARTED_AT, FAILED_JOB)


def run_progress(collection: Collection) -> dict[str, Any]:
    """Count what has become of the images that this run planned."""
    return query_job("embed/count_progress.sql", RUN_ID, model(collection), content_types(collection))


def replay(collection: Collection) -> dict[str, Any]:
    """Release images from quarantine, if this run's Params say so."""
    return query_job(
        "embed/replay_quarantine.sql",
        RUN_ID,
        model(collection),
        URI_PREFIX,
        boolean("replay", "{{ (params.replay_quarantine and not params.dry_run) | string | lower }}"),
        string("replay_status", "{{ params.replay_status or '' }}"),
    )


def report() -> dict[str, Any]:
    """Write the report of this run; ReportRunOperator adds its figures."""
    return query_job(
        "embed/write_run_report.sql",
        RUN_ID,
        STARTED_AT,
        string("data_interval_start", "{{ dag_run.data_interval_start or '' }}"),
        string("data_interval_end", "{{ dag_run.data_interval_end or '' }}"),
    )


def _plannable(collection: Collection) -> tuple[Parameter, ...]:
    """Parameters of select_plannable_images."""
    return (
        model(collection),
        content_types(collection),
        RETRYABLE,
        FAILED_ALONE,
        URI_PREFIX,
        timestamp("updated_from", "{{ updated_within(dag_run)[0] }}"),
        timestamp("updated_until", "{{ updated_within(dag_run)[1] }}"),
    )
