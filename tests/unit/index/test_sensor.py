"""The sensor always ends with a reason."""

import time

import pytest
from airflow.sdk.exceptions import TaskDeferred

from tests.unit.fakes import collection_with, context, statement
from vitrine.errors import IndexDisabledError, IndexNotFilledError, IndexNotRebuiltError
from vitrine.google.bigquery import BigQuery
from vitrine.index import sensor as module
from vitrine.index.sensor import VectorIndexSensor
from vitrine.index.state import IndexKind, IndexState

COLLECTION = collection_with(
    project="p", dataset="d", index_coverage=80, index_timeout_seconds=60, index_poll_seconds=1
)


@pytest.fixture
def sensor() -> VectorIndexSensor:
    """The sensor of an index."""
    return VectorIndexSensor(task_id="wait", collection=COLLECTION)


def see(monkeypatch, kind: IndexKind) -> None:
    """Let the sensor see an index of this kind."""
    monkeypatch.setattr(module, "read_state", lambda *_: IndexState(kind, f"It is {kind}"))


@pytest.mark.parametrize("kind", [IndexKind.READY, IndexKind.TOO_SMALL])
def test_it_ends_well_at_once(sensor, monkeypatch, kind):
    see(monkeypatch, kind)
    assert sensor.execute(context()) == f"It is {kind}"


def test_it_defers_while_the_index_is_building(sensor, monkeypatch):
    see(monkeypatch, IndexKind.BUILDING)
    given = context()
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(given)
    assert deferred.value.method_name == "execute_complete"
    trigger = deferred.value.trigger
    assert BigQuery(**trigger.bigquery) == BigQuery.of(COLLECTION, given["ti"])
    assert statement(trigger.configuration) == "select_vector_index"
    assert (trigger.table_id, trigger.coverage, trigger.poll_seconds) == (
        "p.d.met_image_embeddings",
        80,
        1,
    )
    assert 0 < trigger.deadline - time.time() <= 60
    assert deferred.value.timeout.total_seconds() > 60, "the trigger must come first: it knows the coverage"


def test_a_disabled_index_ends_with_bigquerys_reason(sensor, monkeypatch):
    see(monkeypatch, IndexKind.DISABLED)
    with pytest.raises(IndexDisabledError, match=r"p\.d\.met_image_embeddings is disabled. It is disabled"):
        sensor.execute(context())


def test_after_the_trigger_it_ends_with_what_that_saw(sensor):
    assert sensor.execute_complete(context(), {"kind": "ready", "message": "100 %"}) == "100 %"
    with pytest.raises(IndexNotFilledError, match=r"not filled within 60 s. 62 %"):
        sensor.execute_complete(context(), {"kind": "building", "message": "62 %"})


def test_after_a_rebuild_it_waits_for_another_training(sensor, monkeypatch):
    sensor.built_before = "monday"
    seen = IndexState(IndexKind.READY, "Ready.", None, "monday")
    monkeypatch.setattr(module, "read_state", lambda *_: seen)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context())
    assert deferred.value.trigger.built_before == "monday"
    assert sensor.execute_complete(context(), seen._asdict() | {"built": "tuesday"}) == "Ready."
    with pytest.raises(IndexNotFilledError):
        sensor.execute_complete(context(), seen._asdict())


def test_a_failed_rebuild_ends_with_bigquerys_reason_where_one_was_asked_for(sensor, monkeypatch):
    seen = IndexState(IndexKind.READY, "Ready. The last rebuild failed: no slots.", "FAILED", "monday")
    monkeypatch.setattr(module, "read_state", lambda *_: seen)
    assert sensor.execute(context()) == seen.message
    sensor.built_before = "monday"
    with pytest.raises(IndexNotRebuiltError, match=r"searches use the old index\..* no slots"):
        sensor.execute(context())


def test_the_report_learns_the_reason_even_when_it_fails(sensor, monkeypatch):
    see(monkeypatch, IndexKind.DISABLED)
    given = context()
    with pytest.raises(IndexDisabledError):
        sensor.execute(given)
    assert given["ti"].pushed == {"vector_index": "It is disabled"}
