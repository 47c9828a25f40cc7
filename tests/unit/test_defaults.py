"""What all DAGs share."""

import json

import pytest
from airflow.sdk import RetryAction

from vitrine.defaults import FINAL_VERDICTS, vector_search_options
from vitrine.errors import IncompleteRunError


@pytest.mark.parametrize(
    ("usual_share", "use_brute_force", "share", "options"),
    [
        (None, False, None, {}),
        (None, False, 0.05, {"fraction_lists_to_search": 0.05}),
        (0.2, False, None, {"fraction_lists_to_search": 0.2}),
        (0.2, False, 0.05, {"fraction_lists_to_search": 0.05}),
        # BigQuery refuses both together; brute force is the one that finds everything.
        (0.2, True, 0.05, {"use_brute_force": True}),
    ],
)
def test_search_options(usual_share, use_brute_force, share, options):
    assert json.loads(vector_search_options(usual_share, use_brute_force, share)) == options


def test_our_own_verdicts_are_not_tried_again():
    assert FINAL_VERDICTS.evaluate(IncompleteRunError("left"), 1, 3).action is RetryAction.FAIL
    assert FINAL_VERDICTS.evaluate(ConnectionError("reset"), 1, 3).action is not RetryAction.FAIL
