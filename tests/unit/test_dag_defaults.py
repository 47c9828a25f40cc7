"""What all DAGs have in common."""

from types import SimpleNamespace

import pytest
from airflow.sdk import RetryAction

from vitrine.dag_defaults import OWN_ERRORS_ARE_FINAL, refuse_unknown_params
from vitrine.errors import IncompleteRunError, InputError


def test_our_own_verdicts_are_not_tried_again():
    assert OWN_ERRORS_ARE_FINAL.evaluate(IncompleteRunError("left"), 1, 3).action is RetryAction.FAIL
    assert OWN_ERRORS_ARE_FINAL.evaluate(ConnectionError("reset"), 1, 3).action is not RetryAction.FAIL


def first_task(conf: dict | None) -> dict:
    """What the first task of a run with this configuration is given."""
    dag = SimpleNamespace(params={"dry_run": False, "max_images": None})
    return {"dag": dag, "dag_run": SimpleNamespace(conf=conf)}


@pytest.mark.parametrize("conf", [None, {}, {"dry_run": True, "max_images": 5}])
def test_known_params_are_let_through(conf):
    refuse_unknown_params(first_task(conf))


def test_unknown_params_are_refused_with_the_nearest_name():
    conf = {"dryrun": True, "max_image": 1, "zzz": 0, "dry_run": True}
    with pytest.raises(InputError) as refused:
        refuse_unknown_params(first_task(conf))
    assert str(refused.value) == (
        "There is no such Param: dryrun (use dry_run), max_image (use max_images), zzz. "
        "These are there: dry_run, max_images. Nothing was done."
    )
