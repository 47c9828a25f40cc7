"""The pause before a repair pass."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.sensors.time_delta import WaitSensor

if TYPE_CHECKING:
    from airflow.sdk import Context


class PauseSensor(WaitSensor):
    """WaitSensor for the time that the check of the previous pass has set. Also works in `dag.test()`.

    The trigger normally ends the task itself, but `dag.test()` runs triggers inline and then calls
    `execute_complete`, which WaitSensor of standard provider 1.21.0 does not have.

    :param check: id of the task whose XCom `pause_seconds` is the time to wait.
    """

    def __init__(self, *, check: str, **kwargs: Any) -> None:
        super().__init__(time_to_wait=timedelta(), deferrable=True, **kwargs)
        self.check = check

    def execute(self, context: Context) -> None:
        """Defer until the time has passed."""
        seconds = context["ti"].xcom_pull(task_ids=self.check, key="pause_seconds")
        self.log.info("Pausing for %s seconds.", seconds)
        self.time_to_wait = timedelta(seconds=seconds)
        super().execute(context)

    def execute_complete(self, context: Context, event: Any = None) -> None:
        """Nothing left to do: the time has passed."""
