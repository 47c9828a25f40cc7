"""Turns: what only one run of one Airflow may use at a time. For other Airflows see vitrine.embed.lease.

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
import uuid
from typing import TYPE_CHECKING, TypedDict

from airflow.sdk import Variable

from vitrine.collection import Collection
from vitrine.errors import TurnLostError
from vitrine.google.jobs import job_id

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance

CLEAR_RUN = (
    "Running both could pay for an image twice. Clear the whole run, starting with take_turn. It continues "
    "where it stopped."
)
# Much longer than two requests to Airflow's API server take.
CONFIRM_SECONDS = 1.0


class Turn(TypedDict):
    """The DAG run that has a turn; `lease_id` identifies it in the dataset, where `earlier_lease_id` is that
    of the run before it, which has ended and may not have freed its lease."""

    dag_id: str
    run_id: str
    lease_id: str
    earlier_lease_id: str


def for_tables(collection: Collection) -> str:
    """The Airflow Variable that names the run which plans and writes, or did so last."""
    return job_id("vitrine_turn", collection.project, collection.namespace)


def for_quota(collection: Collection) -> str:
    """The Airflow Variable that names the run which calls the model, or did so last."""
    return job_id("vitrine_quota", collection.quota)


def take(ti: TaskInstance, turn: str, *, is_shared: bool) -> str | None:
    """Take a turn for a task's run. Returns None, or the active run that holds the turn, in words.

    Only one task of a DAG may call this at a time.

    :param is_shared: whether another DAG takes the same turn and may try to at the same moment. The last to
        write its name has the turn, so read it again after a moment.
    """
    if active := active_holder(ti, turn):
        return active
    holder = last_holder(turn)
    if not holder or not _is_own(holder, ti):
        own = Turn(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            lease_id=uuid.uuid4().hex,
            earlier_lease_id=holder["lease_id"] if holder else "",
        )
        Variable.set(turn, own, serialize_json=True)
        if is_shared:
            time.sleep(CONFIRM_SECONDS)
        holder = last_holder(turn)
    return None if holder and _is_own(holder, ti) else in_words(holder)


def active_holder(ti: TaskInstance, turn: str) -> str | None:
    """Another run that is active and has the turn, in words; None if there is none."""
    holder = last_holder(turn)
    is_active = holder is not None and not _is_own(holder, ti) and _is_running(ti, holder)
    return in_words(holder) if is_active else None


def last_holder(turn: str) -> Turn | None:
    """The run that has a turn, or had it last; None before the first."""
    holder: Turn | None = Variable.get(turn, default=None, deserialize_json=True)
    # A Variable of an earlier version has no lease.
    return holder and Turn(**{"lease_id": "", "earlier_lease_id": "", **holder})


def last_lease_id(turn: str) -> str:
    """`lease_id` of the run of this Airflow that had the turn last; "" before the first."""
    holder = last_holder(turn)
    return holder["lease_id"] if holder else ""


def check(context: Context, turn: str, advice: str = CLEAR_RUN) -> Turn:
    """The turn of the context's run. Errors: TurnLostError when another run has it, as when part of an old
    run is cleared; its text ends with `advice`."""
    if own := get(context, turn):
        return own
    holder = in_words(last_holder(turn))
    raise TurnLostError(f"{holder} has taken the turn since {context['ti'].run_id}. {advice}")


def get(context: Context, turn: str) -> Turn | None:
    """The turn of the context's run, or None when it has none."""
    holder = last_holder(turn)
    return holder if holder and _is_own(holder, context["ti"]) else None


def in_words(holder: Turn | None) -> str:
    """The run that has a turn, for people."""
    return f"Run {holder['run_id']} of {holder['dag_id']}" if holder else "No run"


def _is_own(holder: Turn, ti: TaskInstance) -> bool:
    return (holder["dag_id"], holder["run_id"]) == (ti.dag_id, ti.run_id)


def _is_running(ti: TaskInstance, holder: Turn) -> bool:
    return ti.get_dr_count(dag_id=holder["dag_id"], run_ids=[holder["run_id"]], states=["running"]) > 0
