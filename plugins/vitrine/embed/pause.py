"""The pause before a repair pass."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.sensors.time_delta import WaitSensor

if TYPE_CHECKING:
    from airflow.sdk import Context


class PauseSensor(WaitSensor):
    """WaitSensor for as long as the check of the pass before has said; works in `dag.test()`, too.

    In the triggerer the trigger ends the task by itself; `dag.test()` runs triggers inline and then calls
    `execute_complete`, which WaitSensor of standard provider 1.21.0 does not have.

    :param check: id of the task whose XCom `pause_seconds` says how long.
    """

    def __init__(self, *, check: str, **kwargs: Any) -> None:
        super().__init__(time_to_wait=timedelta(), deferrable=True, **kwargs)
        self.check = check

    def execute(self, context: Context) -> None:
        """Wait in the triggerer."""
        seconds = context["ti"].xcom_pull(task_ids=self.check, key="pause_seconds")
        self.log.info("Pausing for %s seconds.", seconds)
        self.time_to_wait = timedelta(seconds=seconds)
        super().execute(context)

    def execute_complete(self, context: Context, event: Any = None) -> None:
        """Nothing is left to do: the time has passed."""
