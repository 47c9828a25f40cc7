"""The measurement of the vector index."""

from datetime import UTC, datetime

import pytest

from tests.unit.fakes import FakeBigQuery, answer_with, collection_with, context, parameters
from vitrine.google.bigquery import Answer
from vitrine.index.measure_recall import MeasureRecallOperator

READY = {
    "index_status": "ACTIVE",
    "coverage_percentage": 100,
    "unindexed_row_count": 0,
    "disable_reason": None,
    "last_refresh_time": 1,
    "last_model_build_time": datetime(2026, 11, 1, tzinfo=UTC),
    "rebuild_status": None,
    "rebuild_coverage": None,
    "rebuild_message": None,
}
FOUND = [
    {"level": level, "kind": "image", "queries": 100, "recall": 0.9 + level / 100} for level in range(1, 7)
]


class FakeIndex(FakeBigQuery):
    """A table with an index, and searches that say whether they used it."""

    usage = "PARTIALLY_USED"

    def answer(self, configuration):
        """Rows with statistics."""
        return Answer(
            self.rows(configuration), {"query": {"vectorSearchStatistics": {"indexUsageMode": self.usage}}}
        )


@pytest.fixture
def bigquery(monkeypatch) -> FakeIndex:
    """A BigQuery whose searches find this."""
    index = FakeIndex()
    index.answers |= {"select_vector_index": [READY], "select_drift": [{"tfdv_drift": 0.1}]}
    index.answers["measure_recall"] = FOUND
    answer_with(monkeypatch, index)
    return index


@pytest.fixture
def operator() -> MeasureRecallOperator:
    """The measurement after a rebuild, where searches look through a fiftieth of the index."""
    return MeasureRecallOperator(
        task_id="measure", collection=collection_with(fraction_lists_to_search=0.02), rebuilt=True
    )


def test_what_searches_use_is_written_down(operator, bigquery):
    given = context()
    measured = operator.execute(given)
    assert parameters(bigquery.asked[-1]) == {
        "run_id": "{{ run_id }}",
        "model": "multimodalembedding@001/1408",
        "top_k": "{{ params.top_k | int }}",
        "rebuilt": "true",
        "vector_index": measured["vector_index"],
        "drift": "0.1",
        "fraction_lists_to_search": "0.02",
        "image_queries": "100",
        "image_recall": "0.91",
        "word_queries": "0",
        "word_recall": None,
    }
    assert measured["vector_index"].startswith("Ready: 100 %")
    assert [one["image_recall"] for one in measured["shares"]][-1] == pytest.approx(0.96)
    assert given["ti"].pushed == {"built": "2026-11-01T00:00:00+00:00"}


def test_an_index_that_is_not_in_use_is_not_searched(operator, bigquery):
    disabled = READY | {"index_status": "TEMPORARILY DISABLED", "disable_reason": "over"}
    bigquery.answers |= {"select_vector_index": [disabled], "select_drift": [{"tfdv_drift": None}]}
    assert operator.execute(context()) == {
        "vector_index": "TEMPORARILY DISABLED: over",
        "drift": None,
        "shares": [],
    }
    assert bigquery.statements == ["select_vector_index", "select_drift", "write_index_health"]
    assert parameters(bigquery.asked[-1])["image_recall"] is None


def test_an_index_that_bigquery_does_not_use_is_told(operator, bigquery):
    bigquery.usage = "UNUSED"
    assert operator.execute(context())["vector_index"].endswith("But searches do not use it.")


def test_the_wanted_coverage_is_the_collections(operator, bigquery):
    bigquery.answers["select_vector_index"] = [READY | {"coverage_percentage": 90}]
    assert operator.execute(context())["shares"] == []
    operator.collection = collection_with(index_coverage=90)
    assert operator.execute(context())["vector_index"].startswith("Ready: 90 %")
