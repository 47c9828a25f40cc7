"""The sensor before everything else."""

from tests.unit.fakes import context
from vitrine.sensors import take_turn
from vitrine.sensors.take_turn import TakeTurnSensor


def test_it_waits_for_the_run_that_has_its_turn(monkeypatch):
    holders = ["backfill__1", None]
    monkeypatch.setattr(take_turn.turns, "take", lambda ti: holders.pop(0))
    sensor = TakeTurnSensor(task_id="take_turn", poke_interval=2)
    assert [sensor.poke(context()), sensor.poke(context())] == [False, True]
    assert sensor.reschedule, "a waiting run must not hold a worker"
    assert sensor.poke_interval == take_turn.MIN_POKE_SECONDS
    assert sensor.max_active_tis_per_dag == 1, "two must not find the turn free at the same moment"
