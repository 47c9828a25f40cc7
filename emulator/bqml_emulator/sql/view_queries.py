"""tables.patch of a view's query, which local-bigquery writes down without changing the view."""

from local_bigquery.catalog import metadata, tables
from local_bigquery.engine import database
from local_bigquery.jobs import query


def install():
    """Change the view before its resource, so that a query that is refused changes neither."""
    update = tables.update

    def update_view(project_id, dataset_id, table_id, body, etag, replace):
        if body.view and body.view.query:
            keys = (project_id, dataset_id, table_id)
            metadata.check_etag(tables.load(*keys), etag)
            sql = query.translate_view(project_id, dataset_id, body.view.query)
            database.execute(f"CREATE OR REPLACE VIEW {tables.name(*keys)} AS {sql}")
        return update(project_id, dataset_id, table_id, body, etag, replace)

    tables.update = update_view
