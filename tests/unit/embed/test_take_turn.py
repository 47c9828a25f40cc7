"""The sensor before everything else."""

import logging
import socket

import pytest

from tests.unit.fakes import collection_with, context, parameters
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


FREE = {"is_ours": True, "holder": "Run 1", "taken_at": "t", "expires_at": "t"}


@pytest.fixture
def free_turn(monkeypatch) -> None:
    """Nobody else has the turn."""
    monkeypatch.setattr(take_turn.turns, "take", lambda *_, **__: None)


@pytest.fixture
def sensor(collection, own_turn, bigquery) -> TakeTurnSensor:
    """The sensor of a run whose turn it is, where the lease is free."""
    bigquery.answers["take_lease"] = [FREE]
    return TakeTurnSensor(task_id="take_turn", collection=collection)


def test_it_waits_for_the_run_that_has_its_turn(sensor, collection, asked, bigquery):
    assert not sensor.poke(context())
    assert bigquery.asked == [], "the lease is for the run that has the turn"
    assert sensor.poke(context())
    assert asked == [(turns.for_tables(collection), False)] * 2
    assert sensor.reschedule, "a waiting run must not hold a worker"
    assert sensor.max_active_tis_per_dag == 1, "two must not find the turn free at the same moment"


@pytest.mark.parametrize(
    "job", ["vitrine_embed-bqml_tutorial-pass1-x-batch0-1", "vitrine-bqml_tutorial-a_dag-a_task-a_run-0-1"]
)
def test_it_waits_for_jobs_that_an_earlier_run_has_left(sensor, free_turn, bigquery, job):
    bigquery.running = [job, "vitrine_embed-another-x"]
    assert not sensor.poke(context())
    assert len(bigquery.asked) == 1, "no job may begin after the look, so the lease comes first"
    bigquery.running = bigquery.running[1:]
    assert sensor.poke(context())


def test_it_waits_for_the_lease_of_the_dataset(sensor, free_turn, bigquery, monkeypatch, caplog):
    monkeypatch.setattr(TakeTurnSensor, "log", logging.getLogger("turn"))
    caplog.set_level("INFO")
    bigquery.answers["take_lease"] = [FREE | {"is_ours": False, "holder": "Run 7 on laptop"}]
    assert not sensor.poke(context())
    assert "Run 7 on laptop has the lease" in caplog.text
    bigquery.answers["take_lease"] = [FREE]
    assert sensor.poke(context())
    sent = parameters(bigquery.asked[-1])
    assert (sent["lease_id"], sent["earlier_lease_id"]) == ("ours", "before")
    assert sent["lease_minutes"] == "390"
    assert sent["holder"].startswith(f"Run manual__2026-11-22 of a_dag on {socket.gethostname()}")


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
    quota(met).poke(context())
    assert asked == [(turns.for_quota(met), is_shared)]


def quota(collection) -> TakeQuotaSensor:
    """The sensor after the plan."""
    return TakeQuotaSensor(task_id="take_quota", collection=collection)
