"""Whose turn it is: one run of embed_images works at a time, also when Airflow lets several run at once.

Airflow's `max_active_runs` does not bind its own Backfill, nor a run that is cleared beside one. So a run
takes the turn first, as an Airflow Variable with its run id. A run that has ended, however, holds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Variable

from vitrine.errors import TurnLostError

if TYPE_CHECKING:
    from airflow.sdk import Context


def variable(dag_id: str) -> str:
    """The Airflow Variable with the id of the run that has, or had, its turn last."""
    return f"vitrine_turn_{dag_id}"


def take(ti: Any) -> str | None:
    """Take the turn for a task's run. Returns the run that works now and must be waited for, or None.

    Only one task may call it at a time: nothing keeps two from finding the turn free at the same moment.
    """
    holder = Variable.get(variable(ti.dag_id), default=None)
    if holder not in (None, ti.run_id) and _is_running(ti, holder):
        return holder
    Variable.set(variable(ti.dag_id), ti.run_id)
    return None


def check(context: Context) -> None:
    """Refuse to work out of turn: when part of an old run is cleared. Errors: TurnLostError."""
    ti = context["ti"]
    holder = Variable.get(variable(ti.dag_id), default=None)
    if holder != ti.run_id:
        raise TurnLostError(
            f"Run {holder} has had its turn since {ti.run_id} had; both together could pay an image twice. "
            "Clear the whole run, beginning with take_turn: it goes on where it stands."
        )


def _is_running(ti: Any, run_id: str) -> bool:
    return ti.get_dr_count(dag_id=ti.dag_id, run_ids=[run_id], states=["running"]) > 0
