"""What a row of INFORMATION_SCHEMA.VECTOR_INDEXES means. Pure functions.

https://docs.cloud.google.com/bigquery/docs/information-schema-vector-indexes
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from vitrine import limits


class IndexKind(StrEnum):
    """What an index can be to us. Only BUILDING is worth waiting for."""

    READY = "ready"
    BUILDING = "building"
    TOO_SMALL = "too small"
    DISABLED = "disabled"


class IndexState(NamedTuple):
    """State of a vector index, and a sentence about it.

    `rebuild` is the status of the last ALTER VECTOR INDEX REBUILD (None: there was none, or it succeeded);
    `built` is the time at which the index was trained (ISO 8601; "" before); `coverage` is the percentage of
    the rows that are indexed (None if there is no index).
    """

    kind: IndexKind
    message: str
    rebuild: str | None = None
    built: str = ""
    coverage: int | None = None

    def is_worth_waiting_for(self, built_before: str | None) -> bool:
        """Whether the index is still being filled or, if `built_before` says when it was trained before a
        rebuild, still being rebuilt."""
        if self.kind is not IndexKind.READY or built_before is None:
            return self.kind is IndexKind.BUILDING
        if self.rebuild == limits.REBUILD_FAILED:
            return False
        # A rebuild is over when the time of training has changed; the status alone does not say so.
        return self.rebuild == limits.REBUILD_IN_PROGRESS or self.built == built_before


def too_few_rows(rows: int) -> IndexState | None:
    """TOO_SMALL if BigQuery would refuse to create an index, else None."""
    if rows >= limits.MIN_VECTOR_INDEX_ROWS:
        return None
    return IndexState(
        IndexKind.TOO_SMALL,
        f"Too small for an index: {rows:,} of {limits.MIN_VECTOR_INDEX_ROWS:,} rows; search is exact.",
    )


def classify(row: Mapping[str, Any] | None, table_bytes: int, wanted_coverage: int) -> IndexState:
    """State of the index from its row (None: not listed yet), the logical bytes of its table and the wanted
    coverage in %.

    The index of a small table can stay ACTIVE with coverage 0 for ever, so the size counts, too.
    """
    if row is None:
        return IndexState(IndexKind.BUILDING, "The index is not listed yet.")
    kind, message = _kind(row, table_bytes, wanted_coverage)
    built = row["last_model_build_time"]
    message = " ".join(filter(None, (message, _rebuild(row))))
    return IndexState(
        kind, message, row["rebuild_status"], built.isoformat() if built else "", row["coverage_percentage"]
    )


def _kind(row: Mapping[str, Any], table_bytes: int, wanted_coverage: int) -> tuple[IndexKind, str]:
    coverage = row["coverage_percentage"] or 0
    status = row["index_status"]
    filled = coverage > 0 and row["last_refresh_time"] is not None
    if not filled and table_bytes < limits.MIN_VECTOR_INDEX_BYTES and status != "PERMANENTLY DISABLED":
        return (
            IndexKind.TOO_SMALL,
            f"Too small to be filled: the table has {table_bytes / 2**20:.1f} of "
            f"{limits.MIN_VECTOR_INDEX_BYTES / 2**20:.0f} MiB; search is exact.",
        )
    if status in limits.DISABLED_INDEX_STATUSES:
        return IndexKind.DISABLED, f"{status}: {row['disable_reason'] or 'BigQuery gives no reason'}"
    if filled and coverage >= wanted_coverage:
        rest = "" if coverage == 100 else ", the rest are searched exactly"
        return IndexKind.READY, f"Ready: {coverage} % of the rows are indexed{rest}."
    return IndexKind.BUILDING, f"Building: {coverage} %, {row['unindexed_row_count'] or 0:,} rows left."


def _rebuild(row: Mapping[str, Any]) -> str:
    """A sentence about the last rebuild if it is running or has failed, else ""."""
    if row["rebuild_status"] == limits.REBUILD_IN_PROGRESS:
        return (
            f"Being rebuilt: {row['rebuild_coverage'] or 0} % of the new index; searches use the old index."
        )
    if row["rebuild_status"] == limits.REBUILD_FAILED:
        return f"The last rebuild failed: {row['rebuild_message'] or 'BigQuery gives no reason'}."
    return ""
