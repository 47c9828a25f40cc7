"""The gate of the maintenance."""

import pytest

from tests.unit.fakes import context
from tests.unit.index.test_recall import measured, record
from vitrine.errors import IndexNotRebuiltError, RecallTooLowError
from vitrine.index.check_recall import CheckRecallOperator


def check(before=None, after=None):
    """What the gate says of the measurements before and after a rebuild; None: not measured."""
    operator = CheckRecallOperator(task_id="check", measured=["before", "after"], goal=0.9)
    found = {"before": before, "after": after}
    given = context(**{f"{task}__return_value": value for task, value in found.items()})
    given["ti"].states = {task: "success" if value else "skipped" for task, value in found.items()}
    return operator.execute(given)


def test_nothing_was_measured():
    assert check() == "There is no index to measure: every search is exact."


def test_an_index_that_is_not_in_use_is_exact():
    assert check(measured()) == "Ready."


def test_good_enough():
    assert (
        check(measured(record(0.95))) == "Searches find 95.0% of the nearest images (100 searches by image)."
    )


def test_too_low():
    with pytest.raises(RecallTooLowError, match=r"Searches find 80.0%"):
        check(measured(record(0.8)))


def test_after_a_rebuild_only_what_came_of_it_counts():
    assert "99.0%" in check(measured(record(0.2), drift=0.9), measured(record(0.99)))


def test_a_rebuild_that_has_not_helped():
    with pytest.raises(IndexNotRebuiltError, match=r"drift is 0.50 although the index was rebuilt. Ready"):
        check(measured(record(0.99), drift=0.6), measured(record(0.99), drift=0.5))


def test_what_a_task_left_that_did_not_run_this_time_does_not_count():
    operator = CheckRecallOperator(task_id="check", measured=["before", "after"], goal=0.9)
    good, bad = measured(record(0.99)), measured(record(0.1), drift=0.9)
    given = context(before__return_value=good, after__return_value=bad)
    given["ti"].states = {"before": "success", "after": "skipped"}
    assert "99.0%" in operator.execute(given)
