"""What all DAGs share."""

import json

import pytest
from airflow.sdk import RetryAction

from vitrine.defaults import FINAL_VERDICTS, vector_search_options
from vitrine.errors import IncompleteRunError


@pytest.mark.parametrize(
    ("params", "options"),
    [
        ({"use_brute_force": False, "fraction_lists_to_search": None}, {}),
        ({"use_brute_force": False, "fraction_lists_to_search": 0.05}, {"fraction_lists_to_search": 0.05}),
        ({"use_brute_force": True, "fraction_lists_to_search": None}, {"use_brute_force": True}),
        # BigQuery refuses both together; brute force is the one that finds everything.
        ({"use_brute_force": True, "fraction_lists_to_search": 0.05}, {"use_brute_force": True}),
    ],
)
def test_search_options(params, options):
    assert json.loads(vector_search_options(params)) == options


def test_our_own_verdicts_are_not_tried_again():
    assert FINAL_VERDICTS.evaluate(IncompleteRunError("left"), 1, 3).action is RetryAction.FAIL
    assert FINAL_VERDICTS.evaluate(ConnectionError("reset"), 1, 3).action is not RetryAction.FAIL
