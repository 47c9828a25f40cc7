"""What all DAGs have in common."""

from airflow.sdk import RetryAction

from vitrine.dag_defaults import OWN_ERRORS_ARE_FINAL
from vitrine.errors import IncompleteRunError


def test_our_own_verdicts_are_not_tried_again():
    assert OWN_ERRORS_ARE_FINAL.evaluate(IncompleteRunError("left"), 1, 3).action is RetryAction.FAIL
    assert OWN_ERRORS_ARE_FINAL.evaluate(ConnectionError("reset"), 1, 3).action is not RetryAction.FAIL
