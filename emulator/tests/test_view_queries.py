"""The query of a view is changed by tables.patch."""

import pytest
from google.api_core.exceptions import BadRequest, GoogleAPICallError, PreconditionFailed
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


REFUSED = {
    "SELECT 1 + DATE '2024-01-01' < 2 AS x": "No matching signature",
    "SELECT nope FROM {dataset}.t": "Unrecognized name: nope",
    "SELECT x FROM {dataset}.t WHERE twice > 1": "Unrecognized name: twice",
    "SELECT x FROM t": "must be qualified with a dataset",
    "SELECT x FROM {dataset}.missing": "was not found",
    "SELECT": "Syntax error",
    "SELECT 1 AS x; SELECT 2 AS x": "one query",
    "DROP TABLE {dataset}.t": "one query",
    "DELETE FROM {dataset}.t WHERE TRUE": "one query",
    "SELECT @p AS x": "Query parameter 'p' not found",
}


@pytest.mark.parametrize("query", REFUSED)
def test_a_query_is_analysed_when_its_view_is_made(bigquery, dataset, query):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT 1 AS x")
    written = query.format(dataset=dataset)
    view = Table(f"{bigquery.project}.{dataset}.v")
    view.view_query = written
    with pytest.raises(GoogleAPICallError, match=REFUSED[query]):
        bigquery.create_table(view)
    assert [table.table_id for table in bigquery.list_tables(dataset)] == ["t"]
    view.view_query = f"SELECT x FROM {dataset}.t"
    view = bigquery.create_table(view)
    view.view_query = written
    with pytest.raises(GoogleAPICallError, match=REFUSED[query]):
        bigquery.update_table(view, ["view_query"])
    assert [dict(row) for row in bigquery.query_and_wait(f"SELECT * FROM {dataset}.v")] == [{"x": 1}]


def test_positions_are_those_of_the_query(bigquery, dataset):
    view = Table(f"{bigquery.project}.{dataset}.v")
    view.view_query = "SELECT 1 AS x,\n  nope"
    with pytest.raises(BadRequest, match=r"at \[2:3\]"):
        bigquery.create_table(view)
