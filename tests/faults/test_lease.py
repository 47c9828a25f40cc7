"""Two Airflows on one dataset, and workers that die: one works at a time, nothing is paid twice."""

import logging

import pytest

from tests.faults.images import photo
from vitrine.embed import check_status, embed_batch, settle_batch, take_turn

IMAGES = 6
STRANGER = "Run of a stranger on a forgotten laptop"


@pytest.fixture
def bucket(hashed, monkeypatch):
    """Six photos, set up for search; a run that waits looks again every second."""
    monkeypatch.setattr(take_turn, "MIN_POKE_SECONDS", 1.0)
    hashed.put({f"{number}.jpg": photo(number) for number in range(IMAGES)})
    hashed.world.prepare()
    return hashed


def lend(bucket, minutes: int) -> None:
    """Give the lease to another Airflow, until so many minutes from now."""
    bucket.world.rows(
        f"UPDATE embedding_lease SET lease_id = 'stranger', holder = '{STRANGER}', taken_at = CURRENT_TIMESTAMP(), "
        f"expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {minutes} MINUTE) WHERE TRUE"
    )


def holder(bucket) -> str:
    """Who has the lease, or had it last."""
    [row] = bucket.world.rows("SELECT holder FROM embedding_lease")
    return row["holder"]


def test_a_run_waits_for_the_lease_of_another_airflow_and_says_whose_it_is(bucket, monkeypatch, caplog):
    lend(bucket, minutes=60)
    before, pokes, poke = bucket.world.emulator.last_call(), [], take_turn.TakeTurnSensor.poke

    def poke_until_expired(self, context):
        pokes.append(poke(self, context))
        if len(pokes) == 2:
            assert holder(bucket) == STRANGER
            assert bucket.calls(before) == []
            lend(bucket, minutes=-1)
        return pokes[-1]

    monkeypatch.setattr(take_turn.TakeTurnSensor, "poke", poke_until_expired)
    # The run's own log is written by Airflow, at the level of its settings.
    monkeypatch.setattr(take_turn.TakeTurnSensor, "log", logging.getLogger(__name__))
    caplog.set_level("INFO", logger=__name__)
    run = bucket.world.run("embed_images")
    assert run.state == "success"
    assert pokes == [False, False, True]
    assert f"{STRANGER} has the lease of the dataset since" in caplog.text
    assert holder(bucket).startswith(f"Run {run.run_id} of {run.dag_id} on ")
    assert set(bucket.paid(before).values()) == {1}
    assert bucket.world.rows("SELECT expires_at <= CURRENT_TIMESTAMP() AS is_free FROM embedding_lease") == [
        {"is_free": True}
    ]


def test_a_run_that_loses_its_lease_half_way_pays_nothing_more(bucket, monkeypatch):
    before, begun, execute = bucket.world.emulator.last_call(), [], embed_batch.EmbedBatchOperator.execute

    def execute_the_first(self, context):
        begun.append(context["ti"].map_index)
        if len(begun) == 2:
            lend(bucket, minutes=60)
        return execute(self, context)

    with monkeypatch.context() as patch:
        patch.setattr(embed_batch.EmbedBatchOperator, "execute", execute_the_first)
        run = bucket.world.run("embed_images", batch_size=2)

    assert run.state == "failed"
    assert len(bucket.calls(before)) == 2, "the batch before"
    assert sorted(begun) == [0, 1, 2], "no batch is tried again"
    assert holder(bucket) == STRANGER
    assert str(run.get_task_instance("report_run").state) == "failed"
    assert str(run.get_task_instance("repair.check_status_1").state) == "failed"

    lend(bucket, minutes=-1)
    assert bucket.world.run("embed_images").state == "success"
    bucket.check_vectors()
    assert set(bucket.paid(before).values()) == {1}


def test_what_a_dead_worker_had_embedded_is_published_by_the_next_run_without_a_call(bucket, monkeypatch):
    def die(self, context):
        raise SystemExit(9)

    with monkeypatch.context() as patch:
        patch.setattr(settle_batch.SettleBatchOperator, "execute", die)
        patch.setattr(check_status.CheckStatusOperator, "execute", die)
        assert bucket.world.run("embed_images").state == "failed"
    assert bucket.published() == []
    last = bucket.world.emulator.last_call()
    assert len(bucket.calls(0)) == IMAGES

    bucket.put({"a copy.jpg": photo(0)})
    run = bucket.world.run("embed_images")

    assert run.state == "success"
    assert bucket.calls(last) == [], (
        "not for the copy, either: nobody has touched the image that was embedded"
    )
    bucket.check_vectors()
    assert bucket.report(run, "planned", "outcome") == {"planned": 0, "outcome": "nothing_pending"}
