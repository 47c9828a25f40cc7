"""What all DAGs have in common: which are built, their arguments, the Asset between them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule, get_parsing_context

from vitrine.collection import Collection, load
from vitrine.errors import VitrineError
from vitrine.google.templates import macros

# What Vitrine itself has found wrong stays wrong when it looks again; everything else is tried again.
OWN_ERRORS_ARE_FINAL = ExceptionRetryPolicy(
    rules=[RetryRule(exception=VitrineError, action=RetryAction.FAIL)]
)


def collections_of(dag: str) -> Iterator[Collection]:
    """The collections for which a DAG file builds its DAG: each, once for each of its models.

    Airflow parses the file anew for every task, which needs only its own DAG.
    https://airflow.apache.org/docs/apache-airflow/stable/howto/dynamic-dag-generation.html
    """
    wanted = get_parsing_context().dag_id
    for collection in load().every_model:
        if wanted is None or wanted == collection.dag_id(dag):
            yield collection


def dag_arguments(collection: Collection, **more_macros: Any) -> dict[str, Any]:
    """Arguments that every DAG of a collection has in common; `more_macros` are names for its SQL alone."""
    return {
        "catchup": False,
        "tags": ["vitrine", collection.name],
        "template_searchpath": collection.sql_dir,
        "user_defined_macros": macros(collection) | more_macros,
    }


def default_args(collection: Collection) -> dict[str, Any]:
    """How every task of a collection is tried again. Nothing that an operator requires is here."""
    return {
        "owner": "vitrine",
        "retries": 2,
        "retry_delay": timedelta(seconds=collection.retry_wait_seconds),
        "retry_exponential_backoff": 2.0,
        "retry_policy": OWN_ERRORS_ARE_FINAL,
    }


def embeddings(collection: Collection) -> Asset:
    """The searchable embeddings, updated by each complete run of embed_images."""
    return Asset(f"bigquery://{collection.table_id('image_embeddings').replace('.', '/')}")
