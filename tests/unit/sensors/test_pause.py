"""The pause before a repair pass."""

from datetime import timedelta

import pytest
from airflow.sdk.exceptions import TaskDeferred

from vitrine.sensors.pause import PauseSensor, pause


def test_it_can_be_resumed_by_a_trigger_that_ran_inline():
    sensor = PauseSensor(task_id="wait", time_to_wait=timedelta(seconds=1))
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    assert getattr(sensor, deferred.value.method_name)({}, None) is None


def test_pauses_double():
    assert [pause(number, 60).time_to_wait.total_seconds() for number in (2, 3, 4)] == [60, 120, 240]
