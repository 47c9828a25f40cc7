"""What a row of INFORMATION_SCHEMA.VECTOR_INDEXES means."""

from datetime import UTC, datetime

import pytest

from vitrine.index.state import IndexKind, IndexState, classify, too_few_rows

BIG, SMALL = 50 * 2**20, 9 * 2**20


BUILT = datetime(2026, 11, 1, tzinfo=UTC)


def row(coverage=0, status="ACTIVE", refreshed=True, unindexed=0, reason=None, rebuild=(None, None, None)):
    """A row of the view, as the select_vector_index statement returns it."""
    return {
        "index_status": status,
        "coverage_percentage": coverage,
        "unindexed_row_count": unindexed,
        "last_refresh_time": datetime(2026, 11, 22, tzinfo=UTC) if refreshed else None,
        "disable_reason": reason,
        "last_model_build_time": BUILT,
        "rebuild_status": rebuild[0],
        "rebuild_coverage": rebuild[1],
        "rebuild_message": rebuild[2],
    }


@pytest.mark.parametrize(
    ("index", "table_bytes", "kind", "words"),
    [
        (None, BIG, IndexKind.BUILDING, "not listed yet"),
        (row(0, refreshed=False), BIG, IndexKind.BUILDING, "0 %"),
        (row(62, unindexed=9_120), BIG, IndexKind.BUILDING, "62 %, 9,120 rows left"),
        (row(95), BIG, IndexKind.READY, "95 % of the rows are indexed, the rest are searched exactly."),
        (row(100), BIG, IndexKind.READY, "100 % of the rows are indexed."),
        (row(100, refreshed=False), BIG, IndexKind.BUILDING, "100 %"),
        (row(0, refreshed=False), SMALL, IndexKind.TOO_SMALL, "9.0 of 10 MiB"),
        (row(0, "TEMPORARILY DISABLED", refreshed=False), SMALL, IndexKind.TOO_SMALL, "exact"),
        (row(0, "TEMPORARILY DISABLED", reason="over 6 TB"), BIG, IndexKind.DISABLED, "over 6 TB"),
        (row(0, "PERMANENTLY DISABLED", refreshed=False), SMALL, IndexKind.DISABLED, "no reason"),
        (row(40, "PENDING DISABLEMENT", unindexed=7), BIG, IndexKind.BUILDING, "7 rows left"),
        (row(100, "PENDING DISABLEMENT"), BIG, IndexKind.READY, "100 %"),
    ],
)
def test_states(index, table_bytes, kind, words):
    state = classify(index, table_bytes, wanted_coverage=95)
    assert state.kind is kind
    assert words in state.message


@pytest.mark.parametrize(("rows", "too_few"), [(0, True), (4_999, True), (5_000, False)])
def test_an_index_needs_5000_rows(rows, too_few):
    state = too_few_rows(rows)
    assert (state is not None) is too_few
    if state:
        assert state.message == f"Too small for an index: {rows:,} of 5,000 rows; search is exact."


@pytest.mark.parametrize(
    ("rebuild", "words"),
    [
        (("IN_PROGRESS", 40, None), "Being rebuilt: 40 % of the new index; searches use the old index."),
        (("IN_PROGRESS", None, None), "Being rebuilt: 0 % of the new index; searches use the old index."),
        (("FAILED", None, "No slots"), "The last rebuild failed: No slots."),
        ((None, 100, None), "Ready: 100 % of the rows are indexed."),
    ],
)
def test_a_rebuild_leaves_the_index_ready_and_is_told(rebuild, words):
    state = classify(row(100, rebuild=rebuild), BIG, wanted_coverage=95)
    assert (state.kind, state.rebuild, state.built) == (IndexKind.READY, rebuild[0], BUILT.isoformat())
    assert state.message.endswith(words)


OLD, NEW = "2026-11-01T00:00:00+00:00", "2026-11-22T00:00:00+00:00"


@pytest.mark.parametrize(
    ("state", "built_before", "worth"),
    [
        (IndexState(IndexKind.BUILDING, "", None, OLD), None, True),
        (IndexState(IndexKind.BUILDING, "", None, NEW), OLD, True),
        (IndexState(IndexKind.TOO_SMALL, "", None, OLD), OLD, False),
        (IndexState(IndexKind.DISABLED, "", None, OLD), OLD, False),
        (IndexState(IndexKind.READY, "", "IN_PROGRESS", OLD), None, False),
        (IndexState(IndexKind.READY, "", "IN_PROGRESS", OLD), OLD, True),
        (IndexState(IndexKind.READY, "", None, OLD), OLD, True),
        (IndexState(IndexKind.READY, "", None, NEW), OLD, False),
        (IndexState(IndexKind.READY, "", "FAILED", OLD), OLD, False),
    ],
)
def test_only_what_gets_better_is_waited_for(state, built_before, worth):
    assert state.is_worth_waiting_for(built_before) is worth
