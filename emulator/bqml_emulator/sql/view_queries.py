"""Views of the REST API: their query is looked at as that of CREATE VIEW is, and tables.patch changes it.

local-bigquery would only translate it, and write a changed one down without changing the view.
"""

from local_bigquery.catalog import metadata, tables
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.models import JobConfigurationQuery

from bqml_emulator.core import limits


def check(project_id: str, sql: str):
    """Refuse what a dry run of the query refuses, and what is no query."""
    with database.cursor() as cursor:
        statistics, *_ = query.execute(
            cursor, project_id, None, JobConfigurationQuery(query=sql), dry_run=True
        )
    if statistics.statementType != "SELECT":
        raise BigQueryError("invalidQuery", limits.VIEW_NO_QUERY)


def install():
    """Make or change the view before its resource, so that a query that is refused changes neither."""
    create, update = tables.create, tables.update

    def create_view(project_id, dataset_id, body, *arguments):
        if body.view:
            check(project_id, body.view.query or "")
        return create(project_id, dataset_id, body, *arguments)

    def update_view(project_id, dataset_id, table_id, body, etag, replace):
        if body.view and body.view.query:
            keys = (project_id, dataset_id, table_id)
            metadata.check_etag(tables.load(*keys), etag)
            check(project_id, body.view.query)
            sql = query.translate_view(project_id, dataset_id, body.view.query)
            database.execute(f"CREATE OR REPLACE VIEW {tables.name(*keys)} AS {sql}")
        return update(project_id, dataset_id, table_id, body, etag, replace)

    tables.create, tables.update = create_view, update_view
