"""OpenLineage events of statements that no operator of Google's provider sends.

Without the provider `apache-airflow-providers-openlineage` nothing happens.
https://airflow.apache.org/docs/apache-airflow-providers-openlineage/stable/guides/developer.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

if TYPE_CHECKING:
    from google.cloud.bigquery import QueryJob

NAMESPACE = "bigquery"
# Results are in hidden datasets: https://docs.cloud.google.com/bigquery/docs/cached-results (2026-08-22)
HIDDEN = "_"


def emit(job: QueryJob) -> None:
    """Say which tables a job of the running task has read and written; in a trigger there is no such task."""
    try:
        get_current_context()
    except RuntimeError:
        return
    try:
        from airflow.providers.openlineage.api.sql import emit_query_lineage
    except ImportError:
        return
    emit_query_lineage(
        query_id=job.job_id,
        query_source_namespace=NAMESPACE,
        query_text=job.query,
        inputs=[_dataset(table.to_api_repr()) for table in job.referenced_tables],
        outputs=[_dataset(table.to_api_repr()) for table in _written(job)],
        start_time=job.started,
        end_time=job.ended,
        default_database=job.project,
    )


def _written(job: QueryJob) -> list[Any]:
    """The table that a job has written, unless it is the hidden one of a result."""
    table = job.destination
    return [] if table is None or table.dataset_id.startswith(HIDDEN) else [table]


def _dataset(table: dict[str, str]) -> Any:
    from airflow.providers.common.compat.openlineage.facet import Dataset

    return Dataset(NAMESPACE, f"{table['projectId']}.{table['datasetId']}.{table['tableId']}")
