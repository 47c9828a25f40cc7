"""What a row of INFORMATION_SCHEMA.VECTOR_INDEXES means, in plain words. Pure functions.

https://docs.cloud.google.com/bigquery/docs/information-schema-vector-indexes
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from vitrine import limits


class Kind(StrEnum):
    """The four states in which an index can be for us. Only BUILDING is worth waiting for."""

    READY = "ready"
    BUILDING = "building"
    TOO_SMALL = "too small"
    DISABLED = "disabled"


class IndexState(NamedTuple):
    """State of a vector index and a sentence for a person.

    `rebuild` is the status of the last ALTER VECTOR INDEX REBUILD (None: there was none, or it has ended
    well); `built` says when the index was trained (ISO 8601; "" before).
    """

    kind: Kind
    message: str
    rebuild: str | None = None
    built: str = ""

    def is_worth_waiting_for(self, built_before: str | None) -> bool:
        """Whether the index will soon be better: filled or, where `built_before` says what training it had
        before a rebuild, rebuilt."""
        if self.kind is not Kind.READY or built_before is None:
            return self.kind is Kind.BUILDING
        if self.rebuild == limits.REBUILD_FAILED:
            return False
        # BigQuery says that the rebuild is over by a new time of training, not only by the status.
        return self.rebuild == limits.REBUILD_IN_PROGRESS or self.built == built_before


def too_few_rows(rows: int) -> IndexState | None:
    """TOO_SMALL when BigQuery would refuse to create an index, else None."""
    if rows >= limits.MIN_VECTOR_INDEX_ROWS:
        return None
    return IndexState(
        Kind.TOO_SMALL,
        f"Too small for an index: {rows:,} of {limits.MIN_VECTOR_INDEX_ROWS:,} rows; search is exact.",
    )


def classify(row: Mapping[str, Any] | None, table_bytes: int, wanted_coverage: int) -> IndexState:
    """State of the index from its row (None: not listed yet), its table's logical bytes and the coverage
    wanted in %.

    A small table can legally show ACTIVE with coverage 0 for ever, so its size decides, not the number alone.
    """
    if row is None:
        return IndexState(Kind.BUILDING, "The index is not listed yet.")
    kind, message = _kind(row, table_bytes, wanted_coverage)
    built = row["last_model_build_time"]
    message = " ".join(filter(None, (message, _rebuild(row))))
    return IndexState(kind, message, row["rebuild_status"], built.isoformat() if built else "")


def _kind(row: Mapping[str, Any], table_bytes: int, wanted_coverage: int) -> tuple[Kind, str]:
    coverage = row["coverage_percentage"] or 0
    status = row["index_status"]
    filled = coverage > 0 and row["last_refresh_time"] is not None
    if not filled and table_bytes < limits.MIN_VECTOR_INDEX_BYTES and status != "PERMANENTLY DISABLED":
        return (
            Kind.TOO_SMALL,
            f"Too small to be filled: the table has {table_bytes / 2**20:.1f} of "
            f"{limits.MIN_VECTOR_INDEX_BYTES / 2**20:.0f} MiB; search is exact.",
        )
    if status in limits.DISABLED_INDEX_STATUSES:
        return Kind.DISABLED, f"{status}: {row['disable_reason'] or 'BigQuery gives no reason'}"
    if filled and coverage >= wanted_coverage:
        return (Kind.READY, f"Ready: {coverage} % of the rows are indexed, the rest is searched exactly.")
    return Kind.BUILDING, f"Building: {coverage} %, {row['unindexed_row_count'] or 0:,} rows left."


def _rebuild(row: Mapping[str, Any]) -> str:
    """A sentence about the last rebuild, if there is something to say."""
    if row["rebuild_status"] == limits.REBUILD_IN_PROGRESS:
        return f"Being rebuilt: {row['rebuild_coverage'] or 0} % of the new one; searches use the old one."
    if row["rebuild_status"] == limits.REBUILD_FAILED:
        return f"The last rebuild failed: {row['rebuild_message'] or 'BigQuery gives no reason'}."
    return ""
