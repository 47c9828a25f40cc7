"""BYTES inside of STRUCTs and arrays, wherever rows come from."""

import pytest
from documented import REST, documented
from google.cloud.bigquery import (
    ArrayQueryParameter,
    LoadJobConfig,
    QueryJobConfig,
    ScalarQueryParameter,
    StructQueryParameter,
)

WRITTEN = {"s": {"x": "/w==", "y": 1}, "l": ["/w==", "AA=="], "ls": [{"x": "/w=="}], "j": '{"k": 1}'}
READ = ({"x": b"\xff", "y": 1}, [b"\xff", b"\x00"], [{"x": b"\xff"}])


@pytest.fixture
def table(bigquery, dataset):
    """A table whose columns have BYTES inside."""
    bigquery.query_and_wait(
        f"CREATE TABLE {dataset}.t "
        "(s STRUCT<x BYTES, y INT64>, l ARRAY<BYTES>, ls ARRAY<STRUCT<x BYTES>>, j JSON)"
    )
    return f"{dataset}.t"


@documented(
    "Changes of tables", "Streamed rows have BYTES in base64, at any depth", REST + "tabledata/insertAll"
)
def test_streamed_rows(bigquery, table):
    assert bigquery.insert_rows_json(table, [WRITTEN, {"s": None}]) == []
    rows = [tuple(row.values()) for row in bigquery.query_and_wait(f"SELECT s, l, ls FROM {table}")]
    assert READ in rows
    assert (None, [], []) in rows


def test_loaded_rows(bigquery, table):
    config = LoadJobConfig(schema=bigquery.get_table(table).schema)
    bigquery.load_table_from_json([WRITTEN | {"j": {"k": 1}}], table, job_config=config).result()
    [row] = bigquery.list_rows(table)
    assert tuple(row.values())[:3] == READ


def test_parameters_and_json(bigquery):
    parameters = [
        StructQueryParameter("s", ScalarQueryParameter("x", "BYTES", b"\xff")),
        ArrayQueryParameter("l", "BYTES", [b"\xff", b"\x00"]),
    ]
    sql = "SELECT @s, @l, TO_JSON_STRING(STRUCT(@s AS s, @l AS l))"
    [row] = bigquery.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=parameters))
    assert tuple(row.values()) == (
        {"x": b"\xff"},
        [b"\xff", b"\x00"],
        '{"s":{"x":"/w=="},"l":["/w==","AA=="]}',
    )
