"""One run works at a time."""

import pytest

from tests.unit.fakes import FakeTaskInstance, context
from vitrine import turns
from vitrine.errors import TurnLostError

ME, OTHER = FakeTaskInstance().run_id, "backfill__2026-11-01"


@pytest.fixture
def variables(monkeypatch) -> dict[str, str]:
    """Airflow's Variables."""
    kept: dict[str, str] = {}
    monkeypatch.setattr(turns.Variable, "get", lambda key, default=None: kept.get(key, default))
    monkeypatch.setattr(turns.Variable, "set", lambda key, value: kept.update({key: value}))
    return kept


def instance(*running: str) -> FakeTaskInstance:
    """A task instance of my run, while these runs are running."""
    ti = FakeTaskInstance()
    ti.get_dr_count = lambda dag_id, run_ids, states: (
        len({*run_ids} & {*running}) if states == ["running"] else 0
    )
    return ti


def test_a_free_turn_is_taken(variables):
    assert turns.take(instance(ME)) is None
    assert variables == {"vitrine_turn_a_dag": ME}


def test_a_run_at_work_is_waited_for(variables):
    variables["vitrine_turn_a_dag"] = OTHER
    assert turns.take(instance(ME, OTHER)) == OTHER
    assert variables == {"vitrine_turn_a_dag": OTHER}


def test_a_run_that_has_ended_or_waits_itself_holds_nothing(variables):
    """Also one that was cleared, is queued, and cannot start before this one ends: no deadlock."""
    variables["vitrine_turn_a_dag"] = OTHER
    assert turns.take(instance(ME)) is None
    assert variables == {"vitrine_turn_a_dag": ME}


def test_a_cleared_run_keeps_its_turn(variables):
    variables["vitrine_turn_a_dag"] = ME
    assert turns.take(instance(ME, OTHER)) is None


def test_work_out_of_turn_is_refused(variables):
    with pytest.raises(TurnLostError, match="take_turn"):
        turns.check(context())
    variables["vitrine_turn_a_dag"] = OTHER
    with pytest.raises(TurnLostError, match=OTHER):
        turns.check(context())
    variables["vitrine_turn_a_dag"] = ME
    turns.check(context())
