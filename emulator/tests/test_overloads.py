"""Functions that are chosen by the type of a value, where DuckDB does not know that type in time."""

import datetime

import pytest

ROWS = (
    "UNNEST([STRUCT(1 AS x, 'abc' AS s, DATE '2020-01-01' AS d, [1, 2] AS v), "
    "(2, 'b', DATE '2021-02-03', [3])])"
)
TABLE = f"(SELECT CAST(x AS INT64) AS x, CAST(s AS STRING) AS s FROM {ROWS})"  # of known types
QUERIES = {
    # aggregates
    f"SELECT CAST(SUM(x) AS STRING), SUBSTR(MAX(s), 1, 2), FORMAT_DATE('%Y', MAX(d)) FROM {ROWS}": [
        ("3", "b", "2021")
    ],
    f"SELECT REPLACE(MIN(s), 'a', MAX(s)), CAST(AVG(x) AS INT64), SAFE_CAST(MAX(s) AS INT64) FROM {ROWS}": [
        ("bbc", 2, None)
    ],
    f"SELECT CAST(x AS STRING), CAST(SUM(x) AS STRING) FROM {ROWS} GROUP BY CAST(x AS STRING) "
    "HAVING CAST(SUM(x) AS STRING) = '2' ORDER BY CAST(COUNT(*) AS STRING)": [("2", "2")],
    f"SELECT REPLACE(MAX(s), 'b', MIN(s)) FROM {ROWS} HAVING REPLACE(MAX(s), 'b', MIN(s)) = 'abc'": [
        ("abc",)
    ],
    f"SELECT UPPER(SUBSTR(CAST(MAX(d) AS STRING), 1, LENGTH(MAX(s)) + 3)) FROM {ROWS}": [("2021",)],
    "SELECT CAST(SUM(x) AS STRING) FROM UNNEST([9007199254740993]) AS x": [("9007199254740993",)],
    "SELECT CAST(n AS STRING) FROM (SELECT SUM(x) AS n FROM UNNEST([9007199254740993]) AS x)": [
        ("9007199254740993",)
    ],
    # integers of 64 bits, and TRY
    f"SELECT LEFT(MAX(s), SUM(x) - 1), REPEAT(MIN(s), SUM(DISTINCT x)), [5, 6, 7, 8][OFFSET(SUM(x))] "
    f"FROM {TABLE}": [("b", "abcabcabc", 8)],
    "SELECT SAFE_ADD(MAX(x), 1), SAFE.SUBSTR(MAX(s), 1, -1), SAFE_DIVIDE(NUMERIC '1', SUM(x) - 3) "
    f"FROM {TABLE}": [(3, None, None)],
    f"SELECT SAFE_ADD(MAX(x) OVER (), 1), SAFE.SUBSTR(s, 1, 1) FROM {TABLE} ORDER BY 2": [(3, "a"), (3, "b")],
    # windows
    f"SELECT CAST(SUM(x) OVER () AS STRING), SUBSTR(FIRST_VALUE(s) OVER (ORDER BY x), 2) FROM {ROWS} "
    "QUALIFY CAST(ROW_NUMBER() OVER (ORDER BY x) AS STRING) = '1'": [("3", "bc")],
    f"SELECT CAST(CEIL(COUNT(*) OVER () / 2) AS INT64) FROM {ROWS} LIMIT 1": [(1,)],
    # correlated queries
    f"SELECT x FROM {ROWS} AS t "
    "WHERE NOT EXISTS (SELECT 1 FROM UNNEST(['1']) AS y WHERE y = CAST(t.x AS STRING))": [(2,)],
    f"SELECT (SELECT STRING_AGG(CAST(y AS STRING) || SUBSTR(t.s, 1, 1)) FROM UNNEST(t.v) y) FROM {ROWS} t "
    "ORDER BY t.x": [("1a,2a",), ("3b",)],
    f"SELECT p.k FROM UNNEST([STRUCT('1' AS k), STRUCT('5')]) AS p LEFT JOIN "
    f"(SELECT t.x, t.s FROM {ROWS} AS t WHERE "
    "EXISTS (SELECT 1 FROM UNNEST(['1']) AS y WHERE y = CAST(t.x AS STRING))) AS j "
    "ON CAST(j.x AS STRING) = p.k "
    "WHERE j.x IS NULL": [("5",)],
    # arrays of the row before them
    f"SELECT x, p FROM {ROWS} AS t, UNNEST(SPLIT(UPPER(SUBSTR(t.s, 1, 3)), 'B')) AS p ORDER BY 1, 2": [
        (1, "A"),
        (1, "C"),
        (2, ""),
        (2, ""),
    ],
}


@pytest.mark.parametrize("sql", QUERIES)
def test_a_query(bigquery, sql):
    assert [row.values() for row in bigquery.query_and_wait(sql)] == QUERIES[sql]


def test_functions_of_people(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE FUNCTION {dataset}.f(x INT64) AS (CONCAT(CAST(x AS STRING), 'a'))")
    bigquery.query_and_wait(
        f"CREATE FUNCTION {dataset}.g(v ARRAY<INT64>) AS "
        "((SELECT STRING_AGG(CAST(x AS STRING)) FROM UNNEST(v) x))"
    )
    [row] = bigquery.query_and_wait(
        f"SELECT {dataset}.f(MAX(x)), {dataset}.g(ARRAY_AGG(x ORDER BY x)), MAX(d) FROM {ROWS}"
    )
    assert row.values() == ("2a", "1,2", datetime.date(2021, 2, 3))
    rows = bigquery.query_and_wait(f"SELECT {dataset}.f(SUM(x) OVER ()) FROM {ROWS}")
    assert [row[0] for row in rows] == ["3a", "3a"]
