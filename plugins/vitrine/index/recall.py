"""How good the vector index is: recall, drift, and what they ask for. Pure functions.

Recall is the share of the nearest images, as an exact search finds them, that a search with the index finds
too. Images and words are told apart: words lie elsewhere in the space than the images the index was trained
on, so an index may serve "more like this" well and the words that people type badly.
https://docs.cloud.google.com/bigquery/docs/vector-search#evaluate_recall
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vitrine import limits
from vitrine.google.templates import vector_search_options

# Shares of the index's lists that are tried, so that a low recall comes with its cure.
SHARES: Final = (0.01, 0.05, 0.1, 0.25, 0.5)
KINDS: Final = ("image", "word")
# The mean of fewer searches says little: one of two that finds nothing would raise an alarm.
MIN_QUERIES: Final = 10
# Half of BigQuery's day, so that embed_images never finds all its statements used up.
MAX_REBUILDS_PER_DAY: Final = limits.MAX_VECTOR_INDEX_STATEMENTS_PER_DAY // 2


def measured_shares(usual: float | None) -> tuple[float | None, ...]:
    """What is measured, first what every search uses (None: BigQuery decides), then what it could use."""
    return (usual, *SHARES)


def measured_options(usual: float | None) -> list[str]:
    """VECTOR_SEARCH's `options` for each level of a measurement: first the exact search, the truth."""
    shares = [vector_search_options(share) for share in measured_shares(usual)]
    return [vector_search_options(None, use_brute_force=True), *shares]


def by_share(rows: Sequence[Mapping[str, Any]], usual: float | None) -> list[dict[str, Any]]:
    """The measured rows (level, kind, queries, recall) as one record a share: that of every search first.

    Each has `fraction_lists_to_search` and, for images and words, `…_queries` and `…_recall`: 0 and None
    where nothing was asked.
    """
    found = {(row["level"], row["kind"]): row for row in rows}
    records = []
    for level, share in enumerate(measured_shares(usual), start=1):
        record: dict[str, Any] = {"fraction_lists_to_search": share}
        for kind in KINDS:
            row = found.get((level, kind), {"queries": 0, "recall": None})
            record |= {f"{kind}_queries": row["queries"], f"{kind}_recall": row["recall"]}
        records.append(record)
    return records


def lowest(record: Mapping[str, Any]) -> float | None:
    """The lower recall of images and words, of those that enough searches speak for; None: of neither."""
    known = (record[f"{kind}_recall"] for kind in KINDS if record[f"{kind}_queries"] >= MIN_QUERIES)
    return min(known, default=None)


def drift(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The value of VECTOR_INDEX.STATISTICS; None without an index in use, before its training has ended, and
    for the -1 that was seen on a fresh index."""
    [value] = rows[0].values() if rows else [None]
    return None if value is None or value < 0 else value


def not_used(statistics: Mapping[str, Any]) -> str:
    """Why BigQuery answered every search of a measurement exactly, if it did, from its job's statistics.

    Where the index was used the job says PARTIALLY_USED, since the exact searches never use it.
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


def has_drifted(measured: Mapping[str, Any]) -> bool:
    """Whether the images have changed so much that BigQuery advises to rebuild."""
    return (measured["drift"] or 0) >= limits.SIGNIFICANT_DRIFT


def shortfall(measured: Mapping[str, Any], goal: float) -> str | None:
    """Why a measured index is not good enough and what to do, or None."""
    if not measured["shares"]:
        return None
    own, *others = measured["shares"]
    reached = lowest(own)
    if reached is None or reached >= goal:
        return None
    said = f"{summary(own)} The goal (VITRINE_MIN_RECALL) is {goal:.1%}."
    for other in others:
        if (found := lowest(other)) is not None and found >= goal:
            share = other["fraction_lists_to_search"]
            return (
                f"{said} With VITRINE_FRACTION_LISTS_TO_SEARCH={share:g} they find at least {found:.1%}, "
                "but read more of the index: set it, or lower the goal."
            )
    return (
        f"{said} Half of the index's lists are not enough either: trigger a run with rebuild, compare with "
        "every picture (use_brute_force), or lower the goal."
    )


def summary(record: Mapping[str, Any]) -> str:
    """A record as a sentence.

    >>> summary({"image_queries": 100, "image_recall": 0.994, "word_queries": 0, "word_recall": None})
    'Searches find 99.4% of the nearest images (100 searches by image).'
    """
    figures = {kind: (record[f"{kind}_recall"], record[f"{kind}_queries"]) for kind in KINDS}
    parts = [
        f"{found:.1%} of the nearest images ({queries:,} searches by {kind})"
        for kind, (found, queries) in figures.items()
        if queries
    ]
    return f"Searches find {' and '.join(parts)}." if parts else "Nothing was searched for."


def as_text(records: Sequence[Mapping[str, Any]]) -> str:
    """The records for the log, one a line: that of every search first."""
    lines = [f"{'lists searched':>14}  {'images':>7}  {'words':>7}"]
    for number, record in enumerate(records):
        share = f"{record['fraction_lists_to_search']:.0%}" if number else "as usual"
        recalls = (record[f"{kind}_recall"] for kind in KINDS)
        cells = ("–" if found is None else f"{found:.1%}" for found in recalls)
        lines.append(f"{share:>14}  " + "  ".join(f"{cell:>7}" for cell in cells))
    return "\n".join(lines)
