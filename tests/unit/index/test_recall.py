"""What measurements of the vector index mean."""

import json
import re

import pytest

from vitrine.index import recall


def record(image=None, word=None, share=None, queries=100):
    """What was measured with one share of the lists."""
    return {
        "fraction_lists_to_search": share,
        "image_queries": 0 if image is None else queries, "image_recall": image,
        "word_queries": 0 if word is None else queries, "word_recall": word,
    }  # fmt: skip


def measured(*shares, drift=0.0):
    """A measurement."""
    return {"vector_index": "Ready.", "drift": drift, "shares": list(shares)}


@pytest.mark.parametrize(("usual", "as_usual"), [(None, {}), (0.2, {"fraction_lists_to_search": 0.2})])
def test_the_levels_of_a_measurement_are_the_truth_then_what_searches_use_then_what_they_could(
    usual, as_usual
):
    truth, own, *others = map(json.loads, recall.measured_options(usual))
    assert truth == {"use_brute_force": True}
    assert own == as_usual
    assert [one["fraction_lists_to_search"] for one in others] == list(recall.SHARES)
    # by_share counts the levels from the truth, which is 0.
    assert len(recall.by_share([], usual)) == len(recall.measured_options(usual)) - 1


def test_rows_become_one_record_a_share_that_of_every_search_first():
    rows = [
        {"level": 1, "kind": "image", "queries": 100, "recall": 0.97},
        {"level": 1, "kind": "word", "queries": 12, "recall": 0.6},
        {"level": 6, "kind": "image", "queries": 100, "recall": 1.0},
    ]
    first, *_, last = records = recall.by_share(rows, 0.2)
    assert [one["fraction_lists_to_search"] for one in records] == [0.2, *recall.SHARES]
    assert first == {
        "fraction_lists_to_search": 0.2,
        "image_queries": 100, "image_recall": 0.97, "word_queries": 12, "word_recall": 0.6,
    }  # fmt: skip
    assert (last["image_recall"], last["word_queries"], last["word_recall"]) == (1.0, 0, None)


@pytest.mark.parametrize(
    ("rows", "drift"),
    [
        ([], None),
        ([{"tfdv_drift": None}], None),
        ([{"tfdv_drift": -1.0}], None),
        ([{"tfdv_drift": 0.0}], 0.0),
        ([{"a_new_name": 0.42}], 0.42),
    ],
)
def test_drift(rows, drift):
    assert recall.drift(rows) == drift


@pytest.mark.parametrize(("drift", "drifted"), [(None, False), (0.0, False), (0.29, False), (0.3, True)])
def test_bigquery_advises_to_rebuild_from_a_drift_of_three_tenths(drift, drifted):
    assert recall.has_drifted(measured(drift=drift)) is drifted


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([], None),
        ([record(0.9, 0.9)], None),
        ([record(0.95)], None),
        ([record(0.1, 0.1, queries=9)], None),
        ([record(0.95, 0.5), record(1, 0.7, 0.1), record(1, 0.92, 0.5)], "LISTS_TO_SEARCH=0.5 .* 92.0%"),
        ([record(0.8), record(0.9, share=0.01)], "LISTS_TO_SEARCH=0.01 .* 90.0%"),
        ([record(0.95, 0.5), record(1, 0.89, 0.5)], "Half of the index's lists are not enough"),
    ],
)
def test_a_low_recall_comes_with_its_cure(shares, said):
    shortfall = recall.shortfall(measured(*shares), 0.9)
    assert (shortfall is None) == (said is None)
    if shortfall:
        assert shortfall.startswith("Searches find ")
        assert re.search(rf"The goal \(VITRINE_MIN_RECALL\) is 90.0%\. .*{said}", shortfall)


def test_the_table_for_the_log():
    assert recall.as_text([record(0.985, 0.5), record(1.0, None, 0.05)]) == (
        "lists searched   images    words\n"
        "      as usual    98.5%    50.0%\n"
        "            5%   100.0%        –"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("statistics", "said"),
    [
        ({}, ""),
        ({"indexUsageMode": "PARTIALLY_USED"}, ""),
        (
            {
                "indexUsageMode": "UNUSED",
                "indexUnusedReasons": [
                    {"code": "INDEX_SUPPRESSED_BY_FUNCTION_OPTION", "message": "As asked."},
                    {"code": "STALE_INDEX", "message": "It is stale."},
                    {"code": "STALE_INDEX", "message": "It is stale."},
                ],
            },
            "But searches do not use it. It is stale.",
        ),
    ],
)
def test_an_index_that_is_not_used_is_told(statistics, said):
    assert recall.not_used({"query": {"vectorSearchStatistics": statistics}}) == said
