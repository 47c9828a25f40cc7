"""The query jobs that need more than a line: each .sql file with the parameters it reads.

Values that only a run knows are Jinja templates, which the operators render.
"""

from __future__ import annotations

from typing import Any, Final

from vitrine import limits, passes, statuses
from vitrine.jobs import Parameter, boolean, int64, query_job, string, strings, timestamp, uncached
from vitrine.settings import Settings

EVERY_IMAGE: Final = 2**63 - 1  # no cap: the largest INT64
RUN_ID: Final = string("run_id", "{{ run_id }}")
STARTED_AT: Final = timestamp("started_at", "{{ dag_run.start_date | ts }}")
TOP_K: Final = int64("top_k", "{{ params.top_k }}")
URI_PREFIX: Final = string("uri_prefix", "{{ params.uri_prefix or '' }}")
RETRYABLE: Final = string("retryable_prefix", limits.RETRYABLE_STATUS_PREFIX)
FAILED_JOB: Final = string("failed_job_prefix", statuses.FAILED_JOB_PREFIX)
FAILED_ALONE: Final = string("failed_alone_prefix", statuses.FAILED_ALONE_PREFIX)
MAX_IMAGES: Final = f"{{{{ params.max_images or {EVERY_IMAGE} }}}}"
MAX_COST_USD: Final = "{{ settings.max_cost_usd if params.max_cost_usd is none else params.max_cost_usd }}"


def model(settings: Settings) -> Parameter:
    """The vector space in use."""
    return string("model", settings.model)


def content_types(settings: Settings) -> Parameter:
    """The content types that are images to us."""
    return strings("content_types", settings.content_types)


def embed(settings: Settings) -> dict[str, Any]:
    """Embed one batch; EmbedBatchOperator adds which."""
    return query_job(
        "embed_images/insert_embedding_attempts.sql", RUN_ID, model(settings), content_types(settings),
        FAILED_JOB, int64("dimension", settings.dimension),
    )  # fmt: skip


def plan(settings: Settings) -> dict[str, Any]:
    """Write a work order; PlanBatchesOperator adds which."""
    return query_job(
        "embed_images/write_work_order.sql", RUN_ID, *_plannable(settings), FAILED_JOB,
        int64("batch_size", "{{ params.batch_size }}"),
        int64("max_images", MAX_IMAGES), int64("budget_images", budget_images(settings)),
        int64("pieces_per_job", passes.PIECES_PER_JOB), int64("max_pieces", passes.MAX_PIECES),
    )  # fmt: skip


def budget_images(settings: Settings) -> int:
    """Images that a calendar month may pay."""
    return EVERY_IMAGE if settings.budget_images is None else settings.budget_images


def deferred(settings: Settings) -> dict[str, Any]:
    """Count what a work order leaves to later runs; ReviewPlanOperator adds which."""
    return query_job("embed_images/count_deferred_images.sql", RUN_ID, *_plannable(settings))


def order() -> dict[str, Any]:
    """Count how far a work order is; EmbedBatchOperator adds which."""
    return query_job("embed_images/count_order.sql", STARTED_AT, FAILED_JOB)


def progress(settings: Settings) -> dict[str, Any]:
    """Count where the planned images of this run are."""
    return query_job("embed_images/count_progress.sql", RUN_ID, model(settings), content_types(settings))


def replay(settings: Settings) -> dict[str, Any]:
    """Let images out of quarantine, if this run's Params say so."""
    return query_job(
        "embed_images/replay_quarantine.sql", RUN_ID, model(settings), URI_PREFIX,
        boolean("replay", "{{ params.replay_quarantine and not params.dry_run }}"),
        string("replay_status", "{{ params.replay_status or '' }}"),
    )  # fmt: skip


def report() -> dict[str, Any]:
    """Write the report of this run; ReportRunOperator adds the figures."""
    return query_job(
        "embed_images/write_run_report.sql", RUN_ID, STARTED_AT,
        string("data_interval_start", "{{ dag_run.data_interval_start or '' }}"),
        string("data_interval_end", "{{ dag_run.data_interval_end or '' }}"),
    )  # fmt: skip


def recall(settings: Settings) -> dict[str, Any]:
    """Compare searches with the vector index to exact ones; anew, since a rebuild changes no table."""
    return uncached(query_job("maintain_vector_index/measure_recall.sql", RUN_ID, model(settings), TOP_K))


def drift() -> dict[str, Any]:
    """Ask how far the images have moved away from the vector index; anew for the same reason."""
    return uncached(query_job("maintain_vector_index/select_drift.sql"))


def index_health(settings: Settings) -> dict[str, Any]:
    """Write down what was measured of the vector index; MeasureRecallOperator adds it."""
    return query_job("maintain_vector_index/write_index_health.sql", RUN_ID, model(settings), TOP_K)


def _plannable(settings: Settings) -> tuple[Parameter, ...]:
    """What select_plannable_images reads."""
    return (
        model(settings), content_types(settings), RETRYABLE, FAILED_ALONE, URI_PREFIX,
        timestamp("updated_from", "{{ updated_within(dag_run)[0] }}"),
        timestamp("updated_until", "{{ updated_within(dag_run)[1] }}"),
    )  # fmt: skip
