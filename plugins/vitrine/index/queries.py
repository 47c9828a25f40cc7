"""The query jobs of maintain_vector_index: each .sql file with the parameters it reads."""

from __future__ import annotations

from typing import Any, Final

from vitrine.collection import Collection
from vitrine.google.jobs import RUN_ID, int64, model, query_job, uncached

TOP_K: Final = int64("top_k", "{{ params.top_k }}")


def recall(collection: Collection) -> dict[str, Any]:
    """Compare searches with the vector index to exact ones; anew, since a rebuild changes no table."""
    return uncached(
        query_job(
            "index/measure_recall.sql",
            RUN_ID,
            model(collection),
            TOP_K,
            int64("queries", "{{ params.queries }}"),
        )
    )


def drift() -> dict[str, Any]:
    """Ask how far the images have moved away from the vector index; anew for the same reason."""
    return uncached(query_job("index/select_drift.sql"))


def index_health(collection: Collection) -> dict[str, Any]:
    """Write down what was measured of the vector index; MeasureRecallOperator adds it."""
    return query_job("index/write_index_health.sql", RUN_ID, model(collection), TOP_K)
