"""Wait until no other run has the turn that this one needs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

from vitrine.collection import Collection, load
from vitrine.embed import turns

if TYPE_CHECKING:
    from airflow.sdk import Context

# Airflow's default of a week is too short for the last run of a Backfill over years.
TIMEOUT = timedelta(days=365)
# A task that comes back before a busy scheduler has read how its last visit ended is taken for killed.
MIN_POKE_SECONDS = 20.0


class TakeTurnSensor(BaseSensorOperator):
    """Take the turn for the tables of a collection and model, once no run that is still running has it.

    One instance pokes at a time (`max_active_tis_per_dag`), so that two never take the turn together.
    """

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(
            mode="reschedule",
            max_active_tis_per_dag=1,
            timeout=TIMEOUT.total_seconds(),
            poke_interval=max(collection.poll_seconds, MIN_POKE_SECONDS),
            **kwargs,
        )
        self.collection = collection

    def poke(self, context: Context) -> bool:
        """Try to take the turn."""
        return self._take(context, turns.for_tables(self.collection), is_shared=False)

    def _take(self, context: Context, turn: str, *, is_shared: bool) -> bool:
        holder = turns.take(context["ti"], turn, is_shared=is_shared)
        if holder:
            self.log.info("%s has its turn. This run waits until that one has ended.", holder)
        return holder is None


class TakeQuotaSensor(TakeTurnSensor):
    """Take the turn for the quota of the model, which other collections may share. A plan without batches
    calls no model, so it waits for nobody.

    :param plan: id of the task that has written the work order and returned its batches.
    """

    def __init__(self, *, plan: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan

    def poke(self, context: Context) -> bool:
        """Try to take the turn."""
        if not context["ti"].xcom_pull(task_ids=self.plan):
            return True
        sharing = load().sharing_quota(self.collection)
        return self._take(context, turns.for_quota(self.collection), is_shared=len(sharing) > 1)
