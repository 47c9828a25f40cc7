"""Whose turn it is: what runs need for themselves, one of them has at a time.

There are two turns. The first is for the tables of a collection and model, from a run's first task on: two
runs that plan the same images would pay for them twice. The second is for the model's quota, which several
collections may share; it is taken once the plan is approved, so that a run that waits for a person keeps no
other collection waiting.

Airflow's `max_active_runs` binds neither its own Backfill, nor a run that is cleared beside another, nor the
DAGs of two collections. So a turn is an Airflow Variable that names the run. A run that has ended, however,
holds nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.sdk import Variable

from vitrine.collection import Collection
from vitrine.errors import TurnLostError
from vitrine.google.jobs import job_id

if TYPE_CHECKING:
    from airflow.sdk import Context

# Far longer than two requests to Airflow's API server take.
CONFIRM_SECONDS = 1.0


def for_tables(collection: Collection) -> str:
    """The Airflow Variable that names the run which plans and writes, or did so last."""
    return job_id("vitrine_turn", collection.project, collection.namespace)


def for_quota(collection: Collection) -> str:
    """The Airflow Variable that names the run which calls the model, or did so last."""
    return job_id("vitrine_quota", collection.quota)


def take(ti: Any, turn: str, *, is_shared: bool) -> str | None:
    """Take a turn for a task's run. Returns the run that has it and must be waited for, or None.

    Only one task of a DAG may call it at a time.

    :param is_shared: whether another DAG takes the same turn, and may find it free at the same moment: of two
        that have written their names the last one has the turn, which both see a moment later.
    """
    own, holder = _name(ti), _holder(turn)
    if holder not in (None, own) and _is_running(ti, holder):
        return _in_words(holder)
    if holder != own:
        Variable.set(turn, own, serialize_json=True)
        if is_shared:
            time.sleep(CONFIRM_SECONDS)
    holder = _holder(turn)
    return None if holder == own else _in_words(holder)


def check(context: Context, turn: str) -> None:
    """Refuse to work out of turn: when part of an old run is cleared. Errors: TurnLostError."""
    ti = context["ti"]
    holder = _holder(turn)
    if holder != _name(ti):
        raise TurnLostError(
            f"{_in_words(holder)} has had its turn since {ti.run_id} had; both together could pay an image "
            "twice. Clear the whole run, beginning with take_turn: it goes on where it stands."
        )


def _name(ti: Any) -> dict[str, str]:
    return {"dag_id": ti.dag_id, "run_id": ti.run_id}


def _holder(turn: str) -> Any:
    return Variable.get(turn, default=None, deserialize_json=True)


def _in_words(holder: dict[str, str] | None) -> str:
    return f"Run {holder['run_id']} of {holder['dag_id']}" if holder else "No run"


def _is_running(ti: Any, holder: dict[str, str]) -> bool:
    return ti.get_dr_count(dag_id=holder["dag_id"], run_ids=[holder["run_id"]], states=["running"]) > 0
