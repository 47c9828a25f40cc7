"""CREATE TABLE name (columns) AS query: types, constraints and metadata as declared, whole or not at all."""

from decimal import Decimal

import pytest
from google.api_core.exceptions import BadRequest, NotFound

COLUMNS = (
    "(id INT64 NOT NULL OPTIONS (description = 'key'), price NUMERIC(10, 2), kind STRING DEFAULT 'none')"
)


def test_columns_have_the_declared_types_and_rules(bigquery, dataset):
    bigquery.query_and_wait(
        f"CREATE TABLE {dataset}.t {COLUMNS} CLUSTER BY id AS SELECT 1, NUMERIC '2.5', 'a' AS other"
    )
    table = bigquery.get_table(f"{dataset}.t")
    assert [(f.name, f.field_type, f.mode) for f in table.schema] == [
        ("id", "INTEGER", "REQUIRED"),
        ("price", "NUMERIC", "NULLABLE"),
        ("kind", "STRING", "NULLABLE"),
    ]
    assert table.schema[0].description == "key"
    assert table.clustering_fields == ["id"]
    bigquery.query_and_wait(f"INSERT INTO {dataset}.t (id) VALUES (2)")
    rows = bigquery.query_and_wait(f"SELECT id, price, kind FROM {dataset}.t ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [(1, Decimal("2.5"), "a"), (2, None, "none")]
    with pytest.raises(BadRequest):
        bigquery.query_and_wait(f"INSERT INTO {dataset}.t (id) VALUES (NULL)")


@pytest.mark.parametrize(
    "query",
    ["SELECT NULL, NULL, NULL", "SELECT 1 / 0, NULL, NULL", "SELECT 1, 'words', 'x'", "SELECT 1, 2"],
)
def test_a_failed_query_leaves_what_was_there(bigquery, dataset, query):
    with pytest.raises(BadRequest):
        bigquery.query_and_wait(f"CREATE TABLE {dataset}.t {COLUMNS} AS {query}")
    with pytest.raises(NotFound):
        bigquery.get_table(f"{dataset}.t")
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT 7 AS kept")
    with pytest.raises(BadRequest):
        bigquery.query_and_wait(f"CREATE OR REPLACE TABLE {dataset}.t {COLUMNS} AS {query}")
    assert [row.kept for row in bigquery.query_and_wait(f"SELECT kept FROM {dataset}.t")] == [7]


def test_an_existing_table_is_skipped_without_evaluating(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT 7 AS kept")
    bigquery.query_and_wait(
        f"CREATE TABLE IF NOT EXISTS {dataset}.t {COLUMNS} AS SELECT ERROR('evaluated'), 1, 'x'"
    )
    assert bigquery.get_table(f"{dataset}.t").num_rows == 1


def test_temporary_tables_too(bigquery):
    rows = bigquery.query_and_wait(
        "CREATE TEMP TABLE t (x INT64, y STRING) AS SELECT 1, 'a'; SELECT * FROM t"
    )
    assert [tuple(row.values()) for row in rows] == [(1, "a")]
