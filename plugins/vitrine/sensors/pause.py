"""A pause that also works where triggers run in the task's own process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.sensors.time_delta import WaitSensor


class PauseSensor(WaitSensor):
    """WaitSensor for `dag.test()`, too.

    In the triggerer the trigger ends the task by itself; `dag.test()` runs triggers inline and then calls
    this method, which standard provider 1.21.0 does not have.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(deferrable=True, **kwargs)

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """Nothing is left to do: the time has passed."""


def pause(pass_number: int, first_seconds: int) -> PauseSensor:
    """The pause before a pass (the second or later): doubles with each, so that a quota can recover."""
    return PauseSensor(task_id="wait", time_to_wait=timedelta(seconds=first_seconds * 2 ** (pass_number - 2)))
