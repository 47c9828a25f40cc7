"""The sensor always ends with a reason."""

import pytest
from airflow.sdk.exceptions import TaskDeferred

from tests.unit.fakes import context
from vitrine.bigquery import BigQuery
from vitrine.errors import IndexDisabledError, IndexNotFilledError, IndexNotRebuiltError
from vitrine.index_state import IndexState, Kind
from vitrine.jobs import query_job
from vitrine.sensors import vector_index
from vitrine.sensors.vector_index import VectorIndexSensor


@pytest.fixture
def sensor() -> VectorIndexSensor:
    """The sensor of an index."""
    return VectorIndexSensor(
        task_id="wait", configuration=query_job("read"), table_id="p.d.t", coverage=95,
        timeout=60, poke_interval=1,
        bigquery=BigQuery("c", "p", "US"),
    )  # fmt: skip


def see(monkeypatch, kind: Kind) -> None:
    """Let the sensor see an index of this kind."""
    monkeypatch.setattr(vector_index, "read_state", lambda *_: IndexState(kind, f"It is {kind}"))


@pytest.mark.parametrize("kind", [Kind.READY, Kind.TOO_SMALL])
def test_it_ends_well_at_once(sensor, monkeypatch, kind):
    see(monkeypatch, kind)
    assert sensor.execute(context()) == f"It is {kind}"


def test_it_defers_while_the_index_is_building(sensor, monkeypatch):
    see(monkeypatch, Kind.BUILDING)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context())
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.trigger.bigquery == {"gcp_conn_id": "c", "project_id": "p", "location": "US"}
    assert deferred.value.timeout.total_seconds() > 60, "the trigger must come first: it knows the coverage"


def test_a_disabled_index_ends_with_bigquerys_reason(sensor, monkeypatch):
    see(monkeypatch, Kind.DISABLED)
    with pytest.raises(IndexDisabledError, match=r"p\.d\.t is disabled. It is disabled"):
        sensor.execute(context())


def test_after_the_trigger_it_ends_with_what_that_saw(sensor):
    assert sensor.execute_complete(context(), {"kind": "ready", "message": "100 %"}) == "100 %"
    with pytest.raises(IndexNotFilledError, match=r"not filled within 60 s. 62 %"):
        sensor.execute_complete(context(), {"kind": "building", "message": "62 %"})


def test_after_a_rebuild_it_waits_for_another_training(sensor, monkeypatch):
    sensor.built_before = "monday"
    seen = IndexState(Kind.READY, "Ready.", None, "monday")
    monkeypatch.setattr(vector_index, "read_state", lambda *_: seen)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context())
    assert deferred.value.trigger.built_before == "monday"
    assert sensor.execute_complete(context(), seen._asdict() | {"built": "tuesday"}) == "Ready."
    with pytest.raises(IndexNotFilledError):
        sensor.execute_complete(context(), seen._asdict())


def test_a_failed_rebuild_ends_with_bigquerys_reason_where_one_was_asked_for(sensor, monkeypatch):
    seen = IndexState(Kind.READY, "Ready. The last rebuild failed: no slots.", "FAILED", "monday")
    monkeypatch.setattr(vector_index, "read_state", lambda *_: seen)
    assert sensor.execute(context()) == seen.message
    sensor.built_before = "monday"
    with pytest.raises(IndexNotRebuiltError, match=r"searches use the old one\..* no slots"):
        sensor.execute(context())


def test_the_report_learns_the_reason_even_when_it_fails(sensor, monkeypatch):
    see(monkeypatch, Kind.DISABLED)
    given = context()
    with pytest.raises(IndexDisabledError):
        sensor.execute(given)
    assert given["ti"].pushed == {"vector_index": "It is disabled"}
