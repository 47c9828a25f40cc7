"""The measurement of the vector index."""

from datetime import UTC, datetime

import pytest

from tests.unit.fakes import FakeBigQuery, context, parameters
from vitrine.bigquery import Answer
from vitrine.jobs import query_job
from vitrine.operators.measure_recall import MeasureRecallOperator

READY = {
    "index_status": "ACTIVE", "coverage_percentage": 100, "unindexed_row_count": 0, "disable_reason": None,
    "last_refresh_time": 1, "last_model_build_time": datetime(2026, 11, 1, tzinfo=UTC),
    "rebuild_status": None, "rebuild_coverage": None, "rebuild_message": None,
}  # fmt: skip
FOUND = [
    {"level": level, "kind": "image", "queries": 100, "recall": 0.9 + level / 100} for level in range(1, 7)
]


class FakeIndex(FakeBigQuery):
    """A table of 50 MiB whose searches find this."""

    usage = "PARTIALLY_USED"

    def logical_bytes(self, table_id):
        """Enough for an index."""
        return 50 * 2**20

    def answer(self, configuration):
        """Rows with statistics."""
        return Answer(
            self.rows(configuration), {"query": {"vectorSearchStatistics": {"indexUsageMode": self.usage}}}
        )


def measure(index, drift=0.1) -> MeasureRecallOperator:
    """The measurement of an index with this row."""
    return MeasureRecallOperator(
        task_id="measure", rebuilt=True, read=query_job("read"), table_id="p.d.t", coverage=95,
        drift=query_job("drift"), configuration=query_job("measure"), write=query_job("write"),
        usual_share=0.02, bigquery=FakeIndex(read=[index], drift=[{"tfdv_drift": drift}], measure=FOUND),
    )  # fmt: skip


def test_what_searches_use_is_written_down():
    operator, given = measure(READY), context()
    measured = operator.execute(given)
    assert parameters(operator.bigquery.asked[-1]) == {
        "rebuilt": "True", "vector_index": measured["vector_index"], "drift": "0.1",
        "fraction_lists_to_search": "0.02",
        "image_queries": "100", "image_recall": "0.91", "word_queries": "0", "word_recall": None,
    }  # fmt: skip
    assert measured["vector_index"].startswith("Ready: 100 %")
    assert [one["image_recall"] for one in measured["shares"]][-1] == pytest.approx(0.96)
    assert given["ti"].pushed == {"built": "2026-11-01T00:00:00+00:00"}


def test_an_index_that_is_not_in_use_is_not_searched():
    operator = measure(READY | {"index_status": "TEMPORARILY DISABLED", "disable_reason": "over"}, drift=None)
    assert operator.execute(context()) == {
        "vector_index": "TEMPORARILY DISABLED: over", "drift": None, "shares": [],
    }  # fmt: skip
    assert [asked["query"]["query"] for asked in operator.bigquery.asked] == ["read", "drift", "write"]
    assert parameters(operator.bigquery.asked[-1])["image_recall"] is None


def test_an_index_that_bigquery_does_not_use_is_told():
    operator = measure(READY)
    operator.bigquery.usage = "UNUSED"
    assert operator.execute(context())["vector_index"].endswith("But searches do not use it.")
