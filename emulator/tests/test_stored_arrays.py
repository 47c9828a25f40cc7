"""NULL in written arrays beyond boundary/test_dml.py: loads, defaults, parameters, other element types."""

import pytest
from google.cloud.bigquery import LoadJobConfig, QueryJobConfig, ScalarQueryParameter

NULLS = "SELECT x, v IS NULL, ARRAY_LENGTH(v) FROM {} ORDER BY x"


@pytest.fixture
def table(bigquery, dataset):
    """A table with an array of structs and one column that has a default."""
    bigquery.query_and_wait(
        f"CREATE TABLE {dataset}.t (x INT64, v ARRAY<STRUCT<a INT64, b STRING>>, y STRING DEFAULT 'none', "
        "w ARRAY<INT64> DEFAULT [7], s STRUCT<w INT64>)"
    )
    return f"{dataset}.t"


def nulls(bigquery, table: str) -> list[tuple]:
    return [tuple(row.values()) for row in bigquery.query_and_wait(NULLS.format(table))]


def test_every_row_and_default_of_an_insert(bigquery, table):
    bigquery.query_and_wait(
        f"INSERT INTO {table} (v, y, x) VALUES (NULL, DEFAULT, 1), ([STRUCT(1, 'b')], 'given', 2)"
    )
    bigquery.query_and_wait(f"INSERT INTO {table} (x) SELECT 3 UNION ALL SELECT 4")
    assert nulls(bigquery, table) == [(1, False, 0), (2, False, 1), (3, False, 0), (4, False, 0)]
    found = list(bigquery.query_and_wait(f"SELECT y, w FROM {table} ORDER BY x"))
    assert [row.y for row in found] == ["none", "given", "none", "none"]
    assert [row.w for row in found] == [[7]] * 4


def test_fields_of_structs_are_left_alone(bigquery, table):
    bigquery.query_and_wait(f"INSERT INTO {table} (x, s) VALUES (1, STRUCT(1 AS w))")
    bigquery.query_and_wait(f"UPDATE {table} AS u SET s.w = 2, u.w = NULL WHERE x = 1")
    [row] = bigquery.query_and_wait(f"SELECT s.w AS field, ARRAY_LENGTH(w) AS length FROM {table}")
    assert (row.field, row.length) == (2, 0)


def test_a_load_and_a_destination_table(bigquery, table, dataset):
    rows = [{"x": 1, "v": None}, {"x": 2, "v": [{"a": 1, "b": "b"}]}]
    config = LoadJobConfig(schema=bigquery.get_table(table).schema[:2], write_disposition="WRITE_TRUNCATE")
    bigquery.load_table_from_json(rows, f"{dataset}.loaded", job_config=config).result()
    assert nulls(bigquery, f"{dataset}.loaded") == [(1, False, 0), (2, False, 1)]
    config = QueryJobConfig(destination=f"{bigquery.project}.{dataset}.query")
    bigquery.query("SELECT 1 AS x, CAST(NULL AS ARRAY<INT64>) AS v", job_config=config).result()
    assert nulls(bigquery, f"{dataset}.query") == [(1, False, 0)]


def test_create_table_as_keeps_parameters_order_and_other_columns(bigquery, dataset):
    values = [ScalarQueryParameter(None, "STRING", value) for value in ("first", "second")]
    bigquery.query_and_wait(
        f"CREATE TABLE {dataset}.t AS SELECT ? AS a, CAST(NULL AS ARRAY<STRING>) AS V, ? AS b, 1 AS x",
        job_config=QueryJobConfig(query_parameters=values),
    )
    [row] = bigquery.query_and_wait(f"SELECT * FROM {dataset}.t")
    assert list(row.items()) == [("a", "first"), ("V", []), ("b", "second"), ("x", 1)]
    assert nulls(bigquery, f"{dataset}.t") == [(1, False, 0)]


def test_in_a_transaction_and_in_temporary_tables(bigquery, table):
    bigquery.query_and_wait(f"BEGIN TRANSACTION; INSERT INTO {table} (x) VALUES (1); COMMIT TRANSACTION")
    assert nulls(bigquery, table) == [(1, False, 0)]
    script = "CREATE TEMP TABLE w (x INT64, v ARRAY<INT64>); INSERT INTO w (x) VALUES (1); " + NULLS.format(
        "w"
    )
    assert [tuple(row.values()) for row in bigquery.query_and_wait(script)] == [(1, False, 0)]
