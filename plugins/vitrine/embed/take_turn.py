"""Waits until no other active run has the turn that this one needs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

from vitrine.collection import Collection, load
from vitrine.embed import lease, turns
from vitrine.embed.planning import job_prefixes
from vitrine.google.bigquery import BigQuery

if TYPE_CHECKING:
    from airflow.sdk import Context

# Airflow's default of a week is too short for the last run of a Backfill that covers years.
TIMEOUT = timedelta(days=365)
# A task that is rescheduled before a busy scheduler has processed its previous poke is taken for killed.
MIN_POKE_SECONDS = 20.0


class _TurnSensor(BaseSensorOperator):
    """Takes a turn; waiting costs no worker slot.

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

    def _take(self, context: Context, turn: str, *, is_shared: bool) -> bool:
        holder = turns.take(context["ti"], turn, is_shared=is_shared)
        if holder:
            self.log.info("%s has the turn. This run waits until that run has ended.", holder)
        return holder is None


class TakeTurnSensor(_TurnSensor):
    """Take the turn for the tables of a collection and model, then the lease of its dataset.

    Also waits for jobs that an earlier run left running in BigQuery: what they embed is paid for and must not
    be planned again, and nothing may be published at the same time as they publish.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = {"configuration": "json"}

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(collection=collection, **kwargs)
        self.configuration = lease.TAKE

    def poke(self, context: Context) -> bool:
        """Try to take turn and lease."""
        if not self._take(context, turns.for_tables(self.collection), is_shared=False):
            return False
        ti = context["ti"]
        bigquery = BigQuery.of(self.collection, ti)
        [row] = bigquery.rows(lease.take(self.collection, context, self.configuration))
        if not row["is_ours"]:
            self.log.info(
                "%(holder)s has the lease of the dataset since %(taken_at)s, at most until %(expires_at)s "
                "unless it is renewed. This run waits.",
                row,
            )
            return False
        # Looked for under the lease, so that none begins after the last look.
        for job in bigquery.running_jobs(*job_prefixes(self.collection, ti.dag_id)):
            self.log.info("Waiting for job %s, left running by an earlier task.", job.job_id)
            return False
        return True


class TakeQuotaSensor(_TurnSensor):
    """Take the turn for the quota of the model, which other collections may share."""

    def poke(self, context: Context) -> bool:
        """Try to take the turn."""
        sharing = load().sharing_quota(self.collection)
        return self._take(context, turns.for_quota(self.collection), is_shared=len(sharing) > 1)
