"""The sensor always ends with a reason, whether it waits in a worker or in the triggerer."""

import json
import time
from dataclasses import asdict

import pytest
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, TaskDeferred
from airflow.sdk.module_loading import import_string
from airflow.serialization.serialized_objects import BaseSerialization

from tests.unit.fakes import collection_with, context
from vitrine.errors import IndexDisabledError, IndexNotFilledError, IndexNotRebuiltError
from vitrine.google.bigquery import BigQuery
from vitrine.index import sensor as module
from vitrine.index.sensor import VectorIndexSensor
from vitrine.index.state import IndexKind, IndexState

COLLECTION = collection_with(
    project="p", dataset="d", index_coverage=80, index_timeout_seconds=60, index_poll_seconds=1
)
NAMES = {"project_id": "p", "dataset_id": "d", "table_id": "t", "index_name": "i"}


@pytest.fixture
def sensor() -> VectorIndexSensor:
    """The sensor of a collection's index."""
    return VectorIndexSensor.of(COLLECTION, task_id="wait")


def alone(**arguments) -> VectorIndexSensor:
    """A sensor for an index that belongs to no collection, and does not wait between two looks."""
    return VectorIndexSensor(task_id="wait", **NAMES, poke_interval=0, **arguments)


def see(monkeypatch, *kinds: IndexKind) -> list[tuple]:
    """Let the sensor see an index of these kinds, one after the other; answer what it asks."""
    seen, asked = iter(kinds), []

    def read(*question):
        asked.append(question)
        kind = next(seen, kinds[-1])
        return IndexState(kind, f"It is {kind}")

    monkeypatch.setattr(module, "read_state", read)
    return asked


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
    assert trigger.index == {
        "project_id": "p",
        "dataset_id": "d",
        "table_id": "met_image_embeddings",
        "index_name": "met_images_index",
    }
    assert (trigger.coverage, trigger.poll_seconds) == (80, 1)
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


def test_it_needs_no_collection(monkeypatch):
    asked = see(monkeypatch, IndexKind.READY)
    given = context()
    chain = ["first@p.iam.gserviceaccount.com", "last@p.iam.gserviceaccount.com"]
    sensor = alone(gcp_conn_id="theirs", impersonation_chain=chain, labels={"team": "shop"}, coverage=70)
    assert sensor.execute(given) == "It is ready"
    [(bigquery, index, coverage)] = asked
    assert (asdict(index), coverage) == (NAMES, 70)
    assert (bigquery.gcp_conn_id, bigquery.impersonation_chain) == ("theirs", chain)
    assert (bigquery.project_id, bigquery.location) == ("p", None), "BigQuery finds the location out"
    assert dict(bigquery.labels).items() >= {"team": "shop", "vitrine_task": "a_task"}.items()


def test_in_a_worker_it_looks_until_the_index_is_filled(monkeypatch):
    asked = see(monkeypatch, IndexKind.BUILDING, IndexKind.BUILDING, IndexKind.READY)
    given = context()
    assert alone(deferrable=False).execute(given) == "It is ready"
    assert (len(asked), given["ti"].pushed) == (3, {"vector_index": "It is ready"})


def test_in_a_worker_the_timeout_says_how_far_the_index_is(monkeypatch):
    see(monkeypatch, IndexKind.BUILDING)
    given = context()
    with pytest.raises(IndexNotFilledError, match=r"p\.d\.t was not filled within 0 s. It is building"):
        alone(deferrable=False, timeout=0).execute(given)
    assert given["ti"].pushed == {"vector_index": "It is building"}


def test_a_worker_that_never_saw_a_state_ends_with_airflows_own_words(monkeypatch):
    def refuse(*_):
        raise ConnectionError("refused")

    monkeypatch.setattr(module, "read_state", refuse)
    with pytest.raises(AirflowSensorTimeout):
        alone(deferrable=False, timeout=0, silent_fail=True).execute(context())


def run_to_its_end(sensor: VectorIndexSensor, kind: IndexKind) -> None:
    """Run the sensor; where it waits in the triggerer, until that has seen this kind of index."""
    try:
        sensor.execute(context())
    except TaskDeferred:
        sensor.execute_complete(context(), {"kind": kind.value, "message": ""})


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize(
    ("given", "kind", "skips"),
    [
        ({"soft_fail": True}, IndexKind.BUILDING, True),
        ({"soft_fail": True}, IndexKind.DISABLED, False),
        ({"never_fail": True}, IndexKind.DISABLED, True),
    ],
)
def test_a_soft_sensor_skips_in_both_modes(monkeypatch, deferrable, given, kind, skips):
    see(monkeypatch, kind)
    sensor = alone(deferrable=deferrable, timeout=0, **given)
    error = AirflowSkipException if skips else IndexDisabledError
    with pytest.raises(error):
        run_to_its_end(sensor, kind)


def test_airflows_setting_says_where_it_waits(monkeypatch):
    see(monkeypatch, IndexKind.READY)
    assert alone().deferrable is False
    assert VectorIndexSensor.of(COLLECTION, task_id="wait").deferrable is True


def test_any_triggerer_makes_the_same_trigger_of_what_it_is_sent(monkeypatch):
    see(monkeypatch, IndexKind.BUILDING)
    with pytest.raises(TaskDeferred) as deferred:
        alone(deferrable=True, impersonation_chain=("first@p", "last@p")).execute(context())
    path, arguments = deferred.value.trigger.serialize()
    sent = BaseSerialization.deserialize(json.loads(json.dumps(BaseSerialization.serialize(arguments))))
    assert import_string(path)(**sent).serialize() == (path, arguments)


def test_names_may_be_templates():
    sensor = VectorIndexSensor(
        task_id="wait",
        project_id="{{ params.project }}",
        dataset_id="d_{{ params.day }}",
        table_id="t_{{ params.day }}",
        index_name="i_{{ params.day }}",
        gcp_conn_id="of_{{ params.day }}",
        impersonation_chain=["robot-{{ params.day }}@p"],
    )
    sensor.render_template_fields({"params": {"project": "p", "day": "friday"}})
    assert asdict(sensor.index) == {
        "project_id": "p",
        "dataset_id": "d_friday",
        "table_id": "t_friday",
        "index_name": "i_friday",
    }
    assert (sensor.gcp_conn_id, sensor.impersonation_chain) == ("of_friday", ["robot-friday@p"])
