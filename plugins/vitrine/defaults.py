"""What all DAGs share: default arguments and the names their SQL may use."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule

from vitrine import recall
from vitrine.bigquery import BigQuery
from vitrine.errors import VitrineError
from vitrine.planning import updated_within, work_order
from vitrine.settings import Settings

# What Vitrine itself has found wrong stays wrong when it looks again; everything else is tried again.
FINAL_VERDICTS = ExceptionRetryPolicy(rules=[RetryRule(exception=VitrineError, action=RetryAction.FAIL)])


def dag_arguments(settings: Settings, **defaults: Any) -> dict[str, Any]:
    """Arguments that every DAG of ours has in common; `defaults` are more default arguments of operators."""
    return {
        "catchup": False,
        "tags": ["vitrine"],
        "default_args": default_args(settings) | defaults,
        "template_searchpath": settings.sql_dir,
        "user_defined_macros": macros(settings),
    }


def embeddings(settings: Settings) -> Asset:
    """The searchable embeddings, updated by each complete run of embed_images."""
    return Asset(f"bigquery://{settings.table_id('met_image_embeddings').replace('.', '/')}")


def default_args(settings: Settings) -> dict[str, Any]:
    """Arguments of every operator; each takes those it knows."""
    return {
        "owner": "vitrine",
        "retries": 2,
        "retry_delay": timedelta(seconds=settings.retry_wait_seconds),
        "retry_exponential_backoff": 2.0,
        "retry_policy": FINAL_VERDICTS,
        "gcp_conn_id": settings.gcp_conn_id,
        "project_id": settings.project,
        "location": settings.location,
        "dataset": settings.namespace,
        "poll_interval": settings.poll_seconds,
        "bigquery": BigQuery(settings.gcp_conn_id, settings.project, settings.location),
    }


def macros(settings: Settings) -> dict[str, Any]:
    """Names that the .sql files and templated fields may use besides Airflow's own."""
    options = partial(vector_search_options, settings.fraction_lists_to_search)
    shares = recall.measured_shares(settings.fraction_lists_to_search)
    return {
        "settings": settings,
        "table": settings.table,
        "work_order": lambda ti, number: work_order(settings.namespace, number, str(ti.id)),
        "updated_within": updated_within,
        "vector_search_options": options,
        "measured_options": [options(use_brute_force=True), *(options(share=share) for share in shares)],
    }


def vector_search_options(
    usual_share: float | None, use_brute_force: bool = False, share: float | None = None
) -> str:
    """The JSON literal for VECTOR_SEARCH's `options`: every image compared, or a share of the index's lists.

    >>> vector_search_options(0.1)
    '{"fraction_lists_to_search": 0.1}'
    """
    if use_brute_force:
        return json.dumps({"use_brute_force": True})
    share = usual_share if share is None else share
    return json.dumps({} if share is None else {"fraction_lists_to_search": share})
