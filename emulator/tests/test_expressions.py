"""Expressions mean here what they mean on BigQuery.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions#div
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions#array_agg
"""

import pytest
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

ROWS = "UNNEST([STRUCT('a' AS k, 3 AS n), ('b', NULL), ('c', 1), ('d', 2), ('e', NULL), ('f', 3)])"


def value(bigquery, sql):
    """The only value of a query."""
    [row] = bigquery.query_and_wait(sql)
    return row[0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("DIV(20 - 1, 10)", 1), ("DIV(20, 12 - 2)", 2), ("10 - DIV(9 - 4, 2) * 2", 6), ("DIV(-7, 2)", -3)],
)
def test_div_divides_its_whole_operands(bigquery, expression, expected):
    numbers = expression.replace("20", "x").replace("9 - 4", "y - 4")
    assert value(bigquery, f"SELECT {numbers} FROM (SELECT 20 AS x, 9 AS y)") == expected


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("ARRAY_AGG(n IGNORE NULLS ORDER BY k)", [3, 1, 2, 3]),
        ("ARRAY_AGG(n IGNORE NULLS ORDER BY k LIMIT 2)", [3, 1]),
        ("ARRAY_AGG(n IGNORE NULLS ORDER BY k DESC LIMIT 1)", [3]),
        ("ARRAY_AGG(DISTINCT n IGNORE NULLS ORDER BY n)", [1, 2, 3]),
        ("ARRAY_AGG(IF(n = 3, k, NULL) IGNORE NULLS ORDER BY k LIMIT 5)", ["a", "f"]),
    ],
)
def test_array_agg_leaves_out_nulls_before_it_limits(bigquery, aggregate, expected):
    assert value(bigquery, f"SELECT {aggregate} FROM {ROWS}") == expected


@pytest.mark.parametrize("name", ["CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP"])
def test_a_clock_may_be_called_by_its_own_name(bigquery, name):
    alone = value(bigquery, f"SELECT {name}()")
    sql = f"SELECT {name}() AS {name.lower()}, {name}() >= @alone AS later"
    kind = name.removeprefix("CURRENT_")
    config = QueryJobConfig(query_parameters=[ScalarQueryParameter("alone", kind, alone)])
    [row] = bigquery.query_and_wait(sql, job_config=config)
    assert type(row[0]) is type(alone)
    assert row.later
