"""Turns: of all runs that share a quota of the model, only one works at a time.

Airflow's `max_active_runs` does not cover its own Backfill, a run that is cleared while another is active, or
the DAGs of two collections. So a run first takes the turn, by writing its name into an Airflow Variable. A
run that has ended no longer holds the turn.
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

# Much longer than two requests to Airflow's API server take.
CONFIRM_SECONDS = 1.0


class Run(TypedDict):
    """The DAG run that the Variable names."""

    dag_id: str
    run_id: str


def variable(collection: Collection) -> str:
    """The Airflow Variable that names the run which last took the turn."""
    return job_id("vitrine_turn", collection.quota)


def take(ti: TaskInstance, collection: Collection, *, is_shared: bool) -> str | None:
    """Take the turn for a task's run. Returns None, or the active run that holds the turn.

    Only one task of a DAG may call this at a time.

    :param is_shared: whether another DAG uses the same quota and may try to take the turn at the same moment.
        The last to write its name has the turn, so read it again after a moment.
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
    """Refuse to run out of turn, as when part of an old run is cleared. Errors: TurnLostError."""
    ti = context["ti"]
    holder = _holder(variable(collection))
    if holder != _name(ti):
        raise TurnLostError(
            f"{_in_words(holder)} has taken the turn since {ti.run_id}. Running both could pay for an image "
            "twice. Clear the whole run, starting with take_turn. It continues where it stopped."
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
