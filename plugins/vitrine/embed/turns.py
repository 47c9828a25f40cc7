"""Turns: what only one run may use at a time.

There are two turns. The first is for the tables of a collection and model, from a run's first task on: two
runs that plan the same images would pay for them twice. The second is for the quota of the model, which
several collections may share. It is taken once the plan is approved, so that a run that waits for approval
does not keep another collection waiting.

Airflow's `max_active_runs` does not cover its own Backfill, a run that is cleared while another is active, or
the DAGs of two collections. So a turn is an Airflow Variable that names the run. A run that has ended no
longer holds its turns.
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


def for_tables(collection: Collection) -> str:
    """The Airflow Variable that names the run which plans and writes, or did so last."""
    return job_id("vitrine_turn", collection.project, collection.namespace)


def for_quota(collection: Collection) -> str:
    """The Airflow Variable that names the run which calls the model, or did so last."""
    return job_id("vitrine_quota", collection.quota)


def take(ti: TaskInstance, turn: str, *, is_shared: bool) -> str | None:
    """Take a turn for a task's run. Returns None, or the active run that holds the turn.

    Only one task of a DAG may call this at a time.

    :param is_shared: whether another DAG takes the same turn and may try to at the same moment. The last to
        write its name has the turn, so read it again after a moment.
    """
    own, holder = _name(ti), _holder(turn)
    if holder and holder != own and _is_running(ti, holder):
        return _in_words(holder)
    if holder != own:
        Variable.set(turn, own, serialize_json=True)
        if is_shared:
            time.sleep(CONFIRM_SECONDS)
    holder = _holder(turn)
    return None if holder == own else _in_words(holder)


def check(context: Context, turn: str) -> None:
    """Refuse to run out of turn, as when part of an old run is cleared. Errors: TurnLostError."""
    ti = context["ti"]
    holder = _holder(turn)
    if holder != _name(ti):
        raise TurnLostError(
            f"{_in_words(holder)} has taken the turn since {ti.run_id}. Running both could pay for an image "
            "twice. Clear the whole run, starting with take_turn. It continues where it stopped."
        )


def _name(ti: TaskInstance) -> Run:
    return {"dag_id": ti.dag_id, "run_id": ti.run_id}


def _holder(turn: str) -> Run | None:
    holder: Run | None = Variable.get(turn, default=None, deserialize_json=True)
    return holder


def _in_words(holder: Run | None) -> str:
    return f"Run {holder['run_id']} of {holder['dag_id']}" if holder else "No run"


def _is_running(ti: TaskInstance, holder: Run) -> bool:
    return ti.get_dr_count(dag_id=holder["dag_id"], run_ids=[holder["run_id"]], states=["running"]) > 0
