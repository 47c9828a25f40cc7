"""Names without a dataset, where the request has no default dataset."""

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import QueryJobConfig

TABLES = [
    "CREATE TABLE t (x INT64)",
    "CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS x",
    "CREATE VIEW t AS SELECT 1 AS x",
    "DROP TABLE IF EXISTS t",
    "ALTER TABLE t ADD COLUMN y INT64",
    "INSERT INTO t (x) VALUES (1)",
    "TRUNCATE TABLE t",
    "SELECT * FROM t",
    "BEGIN CREATE TABLE t (x INT64); END",
]
ROUTINES = ["CREATE FUNCTION t(x INT64) AS (x)", "CREATE PROCEDURE t() BEGIN SELECT 1; END", "CALL t()"]


@pytest.mark.parametrize("sql", TABLES + ROUTINES)
def test_they_are_refused_and_nothing_is_made(bigquery, dataset, sql):
    with pytest.raises(BadRequest, match='"t" must be qualified with a dataset'):
        bigquery.query_and_wait(sql, job_retry=None)
    config = QueryJobConfig(default_dataset=f"{bigquery.project}.{dataset}")
    bigquery.query_and_wait("CREATE TABLE t AS SELECT 1 AS x", job_config=config)
    assert [row.x for row in bigquery.query_and_wait("SELECT x FROM t", job_config=config)] == [1]


def test_temporary_tables_and_functions_have_none(bigquery):
    sql = """CREATE TEMP TABLE t AS SELECT 1 AS x; INSERT INTO t (x) VALUES (2);
    CREATE TEMP FUNCTION f(y INT64) AS (y * 10); SELECT SUM(f(x)) AS total FROM t"""
    assert [row.total for row in bigquery.query_and_wait(sql)] == [30]
