"""Sizes in tables.get and in views: https://docs.cloud.google.com/bigquery/pricing#data (2026-08-22)."""

import pytest

SIZES = {
    "1": 8,
    "1.5": 8,
    "TRUE": 1,
    "NUMERIC '1.5'": 16,
    "DATE '2026-01-01'": 8,
    "TIMESTAMP '2026-01-01'": 8,
    "'äb'": 2 + 3,
    "b'abc'": 2 + 3,
    "CAST(NULL AS INT64)": 0,
    "CAST(NULL AS STRING)": 0,
    "[1.0, 2.0, 3.0]": 24,
    "CAST([] AS ARRAY<FLOAT64>)": 0,
    "['a', 'bc']": 2 + 1 + 2 + 2,
    "STRUCT(1 AS a, 'b' AS b)": 8 + 3,
    "[STRUCT(1 AS a, 'b' AS b)]": 8 + 3,
}


@pytest.mark.parametrize("value", SIZES)
def test_a_value_has_the_documented_size(bigquery, sizes, value):
    bigquery.query_and_wait(
        f"CREATE OR REPLACE TABLE {sizes}.t AS SELECT {value} AS v FROM UNNEST([1, 2, 3])"
    )
    table = bigquery.get_table(f"{sizes}.t")
    assert (table.num_rows, table.num_bytes) == (3, 3 * SIZES[value])


@pytest.fixture(scope="module")
def sizes(bigquery):
    bigquery.query_and_wait("CREATE SCHEMA IF NOT EXISTS sizes")
    yield "sizes"
    bigquery.query_and_wait("DROP SCHEMA sizes CASCADE")


def test_deleted_rows_do_not_count(bigquery, sizes):
    bigquery.query_and_wait(
        f"CREATE OR REPLACE TABLE {sizes}.d AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 10)) AS n"
    )
    bigquery.query_and_wait(f"DELETE FROM {sizes}.d WHERE n > 4")
    table = bigquery.get_table(f"{sizes}.d")
    assert (table.num_rows, table.num_bytes) == (4, 32)
    for figures in (
        f"SELECT row_count, size_bytes FROM {sizes}.__TABLES__ WHERE table_id = 'd'",
        "SELECT total_rows, total_logical_bytes FROM `region-us`.INFORMATION_SCHEMA.TABLE_STORAGE "
        f"WHERE table_schema = '{sizes}' AND table_name = 'd'",
        f"SELECT total_rows, active_logical_bytes FROM {sizes}.INFORMATION_SCHEMA.TABLE_STORAGE "
        "WHERE table_name = 'd'",
    ):
        assert [tuple(row.values()) for row in bigquery.query_and_wait(figures)] == [(4, 32)]
