"""The sensor before everything else."""

import pytest

from tests.unit.fakes import collection_with, context
from vitrine.embed import take_turn, turns
from vitrine.embed.take_turn import TakeQuotaSensor, TakeTurnSensor


@pytest.fixture
def asked(monkeypatch) -> list:
    """What turns were asked for, shared or not. The first time another run works."""
    holders, calls = ["Run backfill__1 of a_dag", None], []

    def take(ti, turn, *, is_shared):
        calls.append((turn, is_shared))
        return holders.pop(0)

    monkeypatch.setattr(take_turn.turns, "take", take)
    return calls


def test_it_waits_for_the_run_that_has_its_turn(collection, asked):
    sensor = TakeTurnSensor(task_id="take_turn", collection=collection)
    assert [sensor.poke(context()), sensor.poke(context())] == [False, True]
    assert asked == [(turns.for_tables(collection), False)] * 2
    assert sensor.reschedule, "a waiting run must not hold a worker"
    assert sensor.max_active_tis_per_dag == 1, "two must not find the turn free at the same moment"


@pytest.mark.parametrize(("poll_seconds", "interval"), [(2, take_turn.MIN_POKE_SECONDS), (45, 45)])
def test_it_never_comes_back_before_a_busy_scheduler_knows(poll_seconds, interval):
    sensor = TakeTurnSensor(task_id="take_turn", collection=collection_with(poll_seconds=poll_seconds))
    assert sensor.poke_interval == interval


@pytest.mark.parametrize(
    ("art", "is_shared"),
    [
        (None, False),
        ("{dataset: art}", True),
        ("{dataset: art, location: europe-west4}", False),
        ("{dataset: art, models: {default: {endpoint: gemini-embedding-2}}}", False),
    ],
    ids=["alone", "same quota", "other location", "other model"],
)
def test_it_knows_whether_another_dag_uses_the_same_quota(tmp_path, monkeypatch, asked, art, is_shared):
    file = tmp_path / "collections.yaml"
    file.write_text("collections:\n  met: {}\n" + (f"  art: {art}\n" if art else ""))
    monkeypatch.setenv("VITRINE_COLLECTIONS", str(file))
    met = take_turn.load()["met"]
    quota(met).poke(context(plan__return_value=[{}]))
    assert asked == [(turns.for_quota(met), is_shared)]


def test_a_plan_that_calls_no_model_waits_for_nobody(collection, asked):
    assert quota(collection).poke(context(plan__return_value=[]))
    assert asked == []


def quota(collection) -> TakeQuotaSensor:
    """The sensor after the plan."""
    return TakeQuotaSensor(task_id="take_quota", collection=collection, plan="plan")
