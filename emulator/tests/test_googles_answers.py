"""Statements on which the embedded BigQuery was wrong, with the answers of Google's pages and of BigQuery."""

import pytest
from google.api_core.exceptions import BadRequest

TABLE = "CREATE TEMP TABLE t (id STRING, n INT64, b BOOL, s STRING(3)); "
VALUES = {
    "SELECT SAFE_CAST('12.7' AS INT64)": None,
    "SELECT SAFE_CAST('1e3' AS INT64)": None,
    "SELECT SUBSTR('abc', 0, 2)": "ab",
    "SELECT IEEE_DIVIDE(0, 0) = IEEE_DIVIDE(0, 0)": False,
    "SELECT SAFE_NEGATE(-9223372036854775808)": None,
    "SELECT RANK() OVER (ORDER BY RAND()) FROM UNNEST([1])": 1,
    TABLE + "INSERT t (id, n) VALUES ('a', 1); "
    "MERGE t USING UNNEST([STRUCT('a' AS id, 9 AS n)]) AS s ON t.id = s.id "
    "WHEN MATCHED THEN UPDATE SET n = s.n; "
    "SELECT n FROM t": 9,
}
ERRORS = {
    "SELECT CAST('yes' AS BOOL)": "Bad bool value",
    "SELECT SUBSTR('abc', 2, -1)": "negative",
    "SELECT content FROM read_text('/etc/hostname')": "not found",
    "COPY (SELECT 'x' AS a) TO '/tmp/copied.txt'": "Syntax error",
    "SELECT 'abc' ILIKE 'ABC'": "Syntax error",
    "SELECT LIST(1)": "Function not found",
    "SELECT n + 1 AS m FROM UNNEST([1, 2]) AS n WHERE m > 0": "Unrecognized name: m",
    "SELECT 'a' UNION ALL SELECT 1": "incompatible types",
    TABLE + "INSERT t (n) VALUES ('5')": "cannot be inserted into column",
    TABLE + "INSERT t (n) VALUES (5.7)": "cannot be inserted into column",
    TABLE + "INSERT t (s) VALUES ('toolong')": "maximum length",
}


@pytest.mark.parametrize("sql", VALUES)
def test_value(bigquery, sql):
    [row] = bigquery.query_and_wait(sql)
    assert row[0] == VALUES[sql]


@pytest.mark.parametrize("sql", ERRORS)
def test_error(bigquery, sql):
    with pytest.raises(BadRequest, match=ERRORS[sql]):
        bigquery.query_and_wait(sql)
