"""The pause before a repair pass."""

from datetime import timedelta

import pytest
from airflow.sdk.exceptions import TaskDeferred

from tests.unit.fakes import context
from vitrine.embed.pause import PauseSensor


def test_it_waits_as_long_as_the_check_said_and_can_be_resumed_by_a_trigger_that_ran_inline():
    sensor = PauseSensor(task_id="wait", check="check")
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context(check__pause_seconds=240))
    assert sensor.time_to_wait == timedelta(seconds=240)
    assert getattr(sensor, deferred.value.method_name)({}, None) is None
