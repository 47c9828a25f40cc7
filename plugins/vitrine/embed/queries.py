"""The query jobs that need more than a line: each .sql file with the parameters it reads.

Values that only a run knows are Jinja templates, which the operators render.
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
    float64,
    int64,
    model,
    query_job,
    string,
    strings,
    timestamp,
)

EVERY_IMAGE: Final = 2**63 - 1  # no cap: the largest INT64
STARTED_AT: Final = timestamp("started_at", "{{ dag_run.start_date | ts }}")
URI_PREFIX: Final = string("uri_prefix", "{{ params.uri_prefix or '' }}")
RETRYABLE: Final = string("retryable_prefix", limits.RETRYABLE_STATUS_PREFIX)
FAILED_JOB: Final = string("failed_job_prefix", statuses.FAILED_JOB_PREFIX)
FAILED_ALONE: Final = string("failed_alone_prefix", statuses.FAILED_ALONE_PREFIX)
MAX_IMAGES: Final = f"{{{{ params.max_images or {EVERY_IMAGE} }}}}"


def macros(collection: Collection) -> dict[str, Any]:
    """Names that the statements and templated fields of embed_images may use besides those of every DAG."""
    return {
        "work_order": lambda ti, number: planning.work_order(collection.namespace, number, str(ti.id)),
        "updated_within": planning.updated_within,
    }


def content_types(collection: Collection) -> Parameter:
    """The content types that are images to us."""
    return strings("content_types", collection.content_types)


def embed(collection: Collection) -> dict[str, Any]:
    """Embed one batch; EmbedBatchOperator adds which."""
    return query_job(
        "embed/insert_embedding_attempts.sql", RUN_ID, model(collection), content_types(collection),
        FAILED_JOB, int64("dimension", collection.model.dimension),
    )  # fmt: skip


def plan(collection: Collection) -> dict[str, Any]:
    """Write a work order; PlanBatchesOperator adds which."""
    return query_job(
        "embed/write_work_order.sql", RUN_ID, *_plannable(collection), FAILED_JOB,
        int64("batch_size", "{{ params.batch_size }}"), string("order", "{{ params.order }}"),
        int64("max_images", MAX_IMAGES), int64("budget_images", budget_images(collection)),
        int64("pieces_per_job", passes.PIECES_PER_JOB), int64("max_pieces", passes.MAX_PIECES),
    )  # fmt: skip


def budget_images(collection: Collection) -> int:
    """Images that a calendar month may pay."""
    return EVERY_IMAGE if collection.budget_images is None else collection.budget_images


def deferred(collection: Collection) -> dict[str, Any]:
    """Count what a work order leaves to later runs; ReviewPlanOperator adds which."""
    return query_job("embed/count_deferred_images.sql", RUN_ID, *_plannable(collection))


def publish_new(collection: Collection) -> dict[str, Any]:
    """Publish good vectors of images that are not searchable yet."""
    return query_job("embed/publish_new_embeddings.sql", model(collection), content_types(collection))


def publish_changed(collection: Collection) -> dict[str, Any]:
    """Publish good vectors of images whose content has changed."""
    return query_job("embed/publish_changed_embeddings.sql", model(collection), content_types(collection))


def quarantine(collection: Collection) -> dict[str, Any]:
    """Set broken images aside."""
    return query_job("embed/quarantine_images.sql", model(collection), RETRYABLE, FAILED_ALONE)


def delete_vanished(collection: Collection) -> dict[str, Any]:
    """Take images that are gone from the bucket out of the searchable table."""
    return query_job(
        "embed/delete_vanished_embeddings.sql",
        model(collection),
        float64("max_share", collection.max_removed_share),
        boolean("allow_mass_delete", "{{ params.allow_mass_delete | string | lower }}"),
    )


def order() -> dict[str, Any]:
    """Count how far a work order is; EmbedBatchOperator adds which."""
    return query_job("embed/count_order.sql", STARTED_AT, FAILED_JOB)


def progress(collection: Collection) -> dict[str, Any]:
    """Count where the planned images of this run are."""
    return query_job("embed/count_progress.sql", RUN_ID, model(collection), content_types(collection))


def replay(collection: Collection) -> dict[str, Any]:
    """Let images out of quarantine, if this run's Params say so."""
    return query_job(
        "embed/replay_quarantine.sql", RUN_ID, model(collection), URI_PREFIX,
        boolean("replay", "{{ (params.replay_quarantine and not params.dry_run) | string | lower }}"),
        string("replay_status", "{{ params.replay_status or '' }}"),
    )  # fmt: skip


def report() -> dict[str, Any]:
    """Write the report of this run; ReportRunOperator adds the figures."""
    return query_job(
        "embed/write_run_report.sql", RUN_ID, STARTED_AT,
        string("data_interval_start", "{{ dag_run.data_interval_start or '' }}"),
        string("data_interval_end", "{{ dag_run.data_interval_end or '' }}"),
    )  # fmt: skip


def _plannable(collection: Collection) -> tuple[Parameter, ...]:
    """What select_plannable_images reads."""
    return (
        model(collection), content_types(collection), RETRYABLE, FAILED_ALONE, URI_PREFIX,
        timestamp("updated_from", "{{ updated_within(dag_run)[0] }}"),
        timestamp("updated_until", "{{ updated_within(dag_run)[1] }}"),
    )  # fmt: skip
