"""How good the vector index is: recall, drift, and what to do about them. Pure functions.

Recall is the share of the nearest images, as found by an exact search, that a search with the index also
finds. It is measured separately for images and words: words lie in another region of the space than the
images the index was trained on, so an index may work well for "more like this" and badly for words.
https://docs.cloud.google.com/bigquery/docs/vector-search#evaluate_recall
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from vitrine import limits
from vitrine.google.templates import vector_search_options

# Shares of the index's lists to try, so that a report of low recall can say which share would be enough.
SHARES: Final = (0.01, 0.05, 0.1, 0.25, 0.5)
QUERY_KINDS: Final = ("image", "word")
# The mean of fewer searches says little: with two, a single bad one would raise an alarm.
MIN_QUERIES: Final = 10
# Half of the daily limit, so that embed_images always has some statements left.
MAX_REBUILDS_PER_DAY: Final = limits.MAX_VECTOR_INDEX_STATEMENTS_PER_DAY // 2


class Measurement(TypedDict):
    """One measurement of the vector index, as MeasureRecallOperator returns it."""

    vector_index: str  # its state, as a sentence
    drift: float | None  # 0 to 1; None if BigQuery reports none
    shares: list[dict[str, Any]]  # see by_share; empty while searches do not use the index


def measured_shares(usual: float | None) -> tuple[float | None, ...]:
    """Shares to measure: first the one every search uses (None: BigQuery decides), then the alternatives."""
    return (usual, *SHARES)


def measured_options(usual: float | None) -> list[str]:
    """VECTOR_SEARCH's `options` for each level of a measurement; level 0 is the exact search."""
    shares = [vector_search_options(share) for share in measured_shares(usual)]
    return [vector_search_options(None, use_brute_force=True), *shares]


def by_share(rows: Sequence[Mapping[str, Any]], usual: float | None) -> list[dict[str, Any]]:
    """The measured rows (level, kind, queries, recall) as one record per share, the usual one first.

    Each has `fraction_lists_to_search` and, for images and words, `…_queries` and `…_recall`: 0 and None if
    there were no searches.
    """
    found = {(row["level"], row["kind"]): row for row in rows}
    records = []
    for level, share in enumerate(measured_shares(usual), start=1):
        record: dict[str, Any] = {"fraction_lists_to_search": share}
        for kind in QUERY_KINDS:
            row = found.get((level, kind), {"queries": 0, "recall": None})
            record |= {f"{kind}_queries": row["queries"], f"{kind}_recall": row["recall"]}
        records.append(record)
    return records


def lowest(record: Mapping[str, Any]) -> float | None:
    """The lower of the recalls that are based on enough searches; None if neither is."""
    known = (record[f"{kind}_recall"] for kind in QUERY_KINDS if record[f"{kind}_queries"] >= MIN_QUERIES)
    return min(known, default=None)


def drift(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The value of VECTOR_INDEX.STATISTICS; None if no index is in use or trained yet, and for the -1 that
    was seen on a new index."""
    [value] = rows[0].values() if rows else [None]
    return None if value is None or value < 0 else value


def not_used(statistics: Mapping[str, Any]) -> str:
    """Why a measurement did not use the index, from its job's statistics; "" if it did.

    If the index was used, the job says PARTIALLY_USED, since the exact searches never use it.
    https://docs.cloud.google.com/bigquery/docs/vector-index#verifying_vector_index_usage
    """
    found = statistics["query"].get("vectorSearchStatistics", {})
    if found.get("indexUsageMode") != "UNUSED":
        return ""
    reasons = {
        reason["message"]
        for reason in found.get("indexUnusedReasons", ())
        if reason["code"] != "INDEX_SUPPRESSED_BY_FUNCTION_OPTION"
    }
    return " ".join(["But searches do not use it.", *sorted(reasons)])


def has_drifted(measured: Measurement) -> bool:
    """Whether the drift is so large that BigQuery recommends a rebuild."""
    return (measured["drift"] or 0) >= limits.SIGNIFICANT_DRIFT


def shortfall(measured: Measurement, goal: float) -> str | None:
    """Why recall is too low and what to do; None if it reaches the goal."""
    if not measured["shares"]:
        return None
    own, *others = measured["shares"]
    reached = lowest(own)
    if reached is None or reached >= goal:
        return None
    finding = f"{summary(own)} The goal (VITRINE_MIN_RECALL) is {goal:.1%}."
    for other in others:
        if (found := lowest(other)) is not None and found >= goal:
            share = other["fraction_lists_to_search"]
            return (
                f"{finding} With VITRINE_FRACTION_LISTS_TO_SEARCH={share:g} they find at least {found:.1%}, "
                "but scan more of the index. Set it, or lower the goal."
            )
    return (
        f"{finding} Even half of the index's lists are not enough. Trigger a run with rebuild, search "
        "exactly (use_brute_force), or lower the goal."
    )


def summary(record: Mapping[str, Any]) -> str:
    """A record of by_share as a sentence.

    >>> summary({"image_queries": 100, "image_recall": 0.994, "word_queries": 0, "word_recall": None})
    'Searches find 99.4% of the nearest images (100 searches by image).'
    """
    figures = {kind: (record[f"{kind}_recall"], record[f"{kind}_queries"]) for kind in QUERY_KINDS}
    parts = [
        f"{found:.1%} of the nearest images ({queries:,} searches by {kind})"
        for kind, (found, queries) in figures.items()
        if queries
    ]
    return f"Searches find {' and '.join(parts)}." if parts else "There were no searches to measure."


def as_text(records: Sequence[Mapping[str, Any]]) -> str:
    """The records of by_share as a table for the log."""
    lines = [f"{'lists searched':>14}  {'images':>7}  {'words':>7}"]
    for number, record in enumerate(records):
        share = f"{record['fraction_lists_to_search']:.0%}" if number else "as usual"
        recalls = (record[f"{kind}_recall"] for kind in QUERY_KINDS)
        cells = ("–" if found is None else f"{found:.1%}" for found in recalls)
        lines.append(f"{share:>14}  " + "  ".join(f"{cell:>7}" for cell in cells))
    return "\n".join(lines)
