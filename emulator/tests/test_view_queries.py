"""The query of a view is changed by tables.patch."""

import pytest
from google.api_core.exceptions import BadRequest, PreconditionFailed
from google.cloud.bigquery import Table


def test_a_changed_query_changes_the_view(bigquery, dataset):
    view = Table(f"{bigquery.project}.{dataset}.v")
    view.view_query = "SELECT 1 AS one"
    first = bigquery.create_table(view)
    view = bigquery.get_table(view)
    view.view_query = "SELECT 2 AS two"
    view = bigquery.update_table(view, ["view_query"])
    assert [field.name for field in view.schema] == ["two"]
    assert [dict(row) for row in bigquery.query_and_wait(f"SELECT * FROM {dataset}.v")] == [{"two": 2}]
    first.view_query = "SELECT 3 AS three"
    with pytest.raises(PreconditionFailed):
        bigquery.update_table(first, ["view_query"])
    view.view_query = f"SELECT x FROM {dataset}.missing"
    with pytest.raises(Exception, match="missing"):
        bigquery.update_table(view, ["view_query"])
    assert [dict(row) for row in bigquery.query_and_wait(f"SELECT * FROM {dataset}.v")] == [{"two": 2}]


def test_a_table_does_not_become_a_view(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT 1 AS x")
    table = bigquery.get_table(f"{dataset}.t")
    table.view_query = "SELECT 2 AS x"
    with pytest.raises(BadRequest):
        bigquery.update_table(table, ["view_query"])
    assert bigquery.get_table(table).table_type == "TABLE"
