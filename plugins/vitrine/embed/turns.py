"""Whose turn it is: of the runs that share a quota of the model, one works at a time.

Airflow's `max_active_runs` binds neither its own Backfill, nor a run that is cleared beside another, nor the
DAGs of two collections. So a run takes the turn first, as an Airflow Variable that names it. A run that has
ended, however, holds nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypedDict

from airflow.sdk import Variable

from vitrine.collection import Collection
from vitrine.errors import TurnLostError
from vitrine.google.jobs import job_id

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance

# Far longer than two requests to Airflow's API server take.
CONFIRM_SECONDS = 1.0


class Run(TypedDict):
    """A DAG run, as the Variable names it."""

    dag_id: str
    run_id: str


def variable(collection: Collection) -> str:
    """The Airflow Variable that names the run which has, or had, its turn last."""
    return job_id("vitrine_turn", collection.quota)


def take(ti: TaskInstance, collection: Collection, *, is_shared: bool) -> str | None:
    """Take the turn for a task's run. Returns the run that works now and must be waited for, or None.

    Only one task of a DAG may call it at a time.

    :param is_shared: whether another DAG uses the same quota, and may find the turn free at the same moment:
        of two that have written their names the last one has the turn, which both see a moment later.
    """
    own, key = _name(ti), variable(collection)
    holder = _holder(key)
    if holder and holder != own and _is_running(ti, holder):
        return _in_words(holder)
    if holder != own:
        Variable.set(key, own, serialize_json=True)
        if is_shared:
            time.sleep(CONFIRM_SECONDS)
    holder = _holder(key)
    return None if holder == own else _in_words(holder)


def check(context: Context, collection: Collection) -> None:
    """Refuse to work out of turn: when part of an old run is cleared. Errors: TurnLostError."""
    ti = context["ti"]
    holder = _holder(variable(collection))
    if holder != _name(ti):
        raise TurnLostError(
            f"{_in_words(holder)} has had its turn since {ti.run_id} had; both together could pay an image "
            "twice. Clear the whole run, beginning with take_turn: it goes on where it stands."
        )


def _name(ti: TaskInstance) -> Run:
    return {"dag_id": ti.dag_id, "run_id": ti.run_id}


def _holder(key: str) -> Run | None:
    holder: Run | None = Variable.get(key, default=None, deserialize_json=True)
    return holder


def _in_words(holder: Run | None) -> str:
    return f"Run {holder['run_id']} of {holder['dag_id']}" if holder else "No run"


def _is_running(ti: TaskInstance, holder: Run) -> bool:
    return ti.get_dr_count(dag_id=holder["dag_id"], run_ids=[holder["run_id"]], states=["running"]) > 0
