"""What all DAGs share: for which collections they are built, their arguments, the Asset that links them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule, get_parsing_context

from vitrine.collection import Collection, load, nearest
from vitrine.errors import InputError, VitrineError
from vitrine.google.templates import macros

if TYPE_CHECKING:
    from airflow.sdk import Context

# A retry does not change what Vitrine itself has found to be wrong. Everything else is retried.
OWN_ERRORS_ARE_FINAL = ExceptionRetryPolicy(
    rules=[RetryRule(exception=VitrineError, action=RetryAction.FAIL)]
)


def collections_of(dag: str) -> Iterator[Collection]:
    """The collections for which a DAG file builds its DAG: each of them once per model.

    Airflow parses the file again for every task, which needs only its own DAG.
    https://airflow.apache.org/docs/apache-airflow/stable/howto/dynamic-dag-generation.html
    """
    wanted = get_parsing_context().dag_id
    for collection in load().every_model:
        if wanted is None or wanted == collection.dag_id(dag):
            yield collection


def dag_arguments(collection: Collection, **more_macros: Any) -> dict[str, Any]:
    """Arguments shared by every DAG of a collection; `more_macros` are extra names for the SQL of one DAG."""
    return {
        "catchup": False,
        "tags": ["vitrine", collection.name],
        "template_searchpath": collection.sql_dir,
        "user_defined_macros": macros(collection) | more_macros,
    }


def default_args(collection: Collection) -> dict[str, Any]:
    """Owner and retries of every task of a collection. Required arguments are passed explicitly, not here."""
    return {
        "owner": "vitrine",
        "retries": 2,
        "retry_delay": timedelta(seconds=collection.retry_wait_seconds),
        "retry_exponential_backoff": 2.0,
        "retry_policy": OWN_ERRORS_ARE_FINAL,
    }


def refuse_unknown_params(context: Context) -> None:
    """`pre_execute` of a DAG's first task: Airflow ignores a Param that the DAG does not have, and a misspelt
    `dry_run` would be paid for. Errors: InputError naming each, and the nearest that there is."""
    known = list(context["dag"].params)
    given = context["dag_run"].conf or {}
    unknown = {name: nearest(name, known) for name in given if name not in known}
    if unknown:
        hints = (f"{name} (use {hint})" if hint else name for name, hint in unknown.items())
        raise InputError(
            f"There is no such Param: {', '.join(hints)}. These are there: {', '.join(known) or 'none'}. "
            "Nothing was done."
        )


def embeddings(collection: Collection) -> Asset:
    """The Asset of the searchable embeddings, which each complete run of embed_images updates."""
    return Asset(f"bigquery://{collection.table_id('image_embeddings').replace('.', '/')}")
