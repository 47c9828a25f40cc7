"""The query jobs of maintain_vector_index: .sql files with their parameters."""

from __future__ import annotations

from typing import Any, Final

from vitrine.collection import Collection
from vitrine.google.jobs import RUN_ID, int64, model, query_job, uncached

TOP_K: Final = int64("top_k", "{{ params.top_k | int }}")


def recall(collection: Collection) -> dict[str, Any]:
    """Compare searches with the vector index to exact ones; uncached, since a rebuild changes no table."""
    return uncached(
        query_job(
            "index/measure_recall.sql",
            RUN_ID,
            model(collection),
            TOP_K,
            int64("queries", "{{ params.queries | int }}"),
        )
    )


def drift() -> dict[str, Any]:
    """Read how far the images have drifted from the vector index; uncached for the same reason."""
    return uncached(query_job("index/select_drift.sql"))


def index_health(collection: Collection) -> dict[str, Any]:
    """Record a measurement of the vector index; MeasureRecallOperator adds its figures."""
    return query_job("index/write_index_health.sql", RUN_ID, model(collection), TOP_K)
