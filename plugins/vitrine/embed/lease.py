"""The lease of a dataset, which keeps out other Airflows: a clone of a stack, or a forgotten laptop.

It is the only row of `embedding_lease`. A run takes it after its turn, and its scripts renew it. A run that
died frees it after the collection's `lease_minutes`; the next run of the same Airflow need not wait for that.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk.configuration import conf

from vitrine.collection import Collection
from vitrine.embed import turns
from vitrine.embed.turns import Turn
from vitrine.google.jobs import Parameter, int64, query_job, string, with_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context

# What the SQL says when another Airflow has taken the lease; the name of its holder follows.
LOST: Final = "This run no longer has the lease of the dataset:"


def parameters(collection: Collection, turn: Turn) -> tuple[Parameter, ...]:
    """Parameters of parts/renew_lease.sql and parts/assert_lease.sql."""
    return (
        string("lease_id", turn["lease_id"]),
        string("lease_lost", LOST),
        int64("lease_minutes", collection.lease_minutes),
    )


def held(collection: Collection, context: Context) -> tuple[Parameter, ...]:
    """The same for the context's run. Errors: TurnLostError when another run has its turn."""
    return parameters(collection, turns.check(context, turns.for_tables(collection)))


def take(collection: Collection, context: Context, configuration: dict[str, Any]) -> dict[str, Any]:
    """The query job that takes the lease, from the rendered `TAKE`. Its row: is_ours, holder, expires_at."""
    turn = turns.check(context, turns.for_tables(collection))
    return with_parameters(
        configuration,
        *parameters(collection, turn),
        string("earlier_lease_id", turn["earlier_lease_id"]),
        string("holder", f"{turns.in_words(turn)} on {_deployment()}"),
    )


TAKE: Final = query_job("embed/take_lease.sql")


def _deployment() -> str:
    """Where this Airflow is, for people."""
    address = conf.get("api", "base_url", fallback="")
    return f"{socket.gethostname()} ({address})" if address else socket.gethostname()
