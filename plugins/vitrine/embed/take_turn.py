"""Waits until no other run is using the same quota of the model."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

from vitrine.collection import Collection, load
from vitrine.embed import turns

if TYPE_CHECKING:
    from airflow.sdk import Context

# Airflow's default of a week is too short for the last run of a Backfill that covers years.
TIMEOUT = timedelta(days=365)
# A task that is rescheduled before a busy scheduler has processed its previous poke is taken for killed.
MIN_POKE_SECONDS = 20.0


class TakeTurnSensor(BaseSensorOperator):
    """Take the turn for this run as soon as no other active run holds it.

    Only one instance pokes at a time (`max_active_tis_per_dag`), so two can never take the turn together.
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
        sharing = load().sharing_quota(self.collection)
        holder = turns.take(context["ti"], self.collection, is_shared=len(sharing) > 1)
        if holder:
            self.log.info("%s has the turn. This run waits until that run has ended.", holder)
        return holder is None
