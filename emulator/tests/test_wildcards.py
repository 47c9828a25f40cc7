"""Tables whose names begin alike, read as one."""

import pytest
from documented import documented
from google.api_core.exceptions import BadRequest

WILDCARDS = "https://docs.cloud.google.com/bigquery/docs/querying-wildcard-tables"
WRITTEN = "2026-11-27"


@pytest.fixture(scope="module")
def wildcards(bigquery):
    """Tables with other columns and names in another case; the last one decides the columns."""
    bigquery.query_and_wait("CREATE SCHEMA wildcards")
    for table in ("a_1 AS SELECT 1 AS x, 'a' AS z UNION ALL SELECT 1, 'a'", "A_3 AS SELECT 3 AS x"):
        bigquery.query_and_wait(f"CREATE TABLE wildcards.{table}")
    bigquery.query_and_wait("CREATE TABLE wildcards.a_2 AS SELECT 'b' AS y, 2 AS x")
    bigquery.query_and_wait("CREATE TABLE wildcards.other_1 AS SELECT 1 AS x")
    bigquery.query_and_wait("CREATE TABLE wildcards.other_2 AS SELECT 'text' AS x")
    bigquery.query_and_wait("CREATE TABLE wildcards.with_view AS SELECT 1 AS x")
    bigquery.query_and_wait("CREATE VIEW wildcards.with_view_2 AS SELECT 1 AS x")
    yield "wildcards"
    bigquery.query_and_wait("DROP SCHEMA wildcards CASCADE")


@documented("SQL", "A wildcard table has the columns of its newest table, and all rows", WILDCARDS, WRITTEN)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM `{ds}.a_*` ORDER BY x", [(None, 1), (None, 1), ("b", 2)]),
        ("SELECT x, _TABLE_SUFFIX FROM `{ds}.a_*` WHERE _TABLE_SUFFIX > '1'", [(2, "2")]),
        ("SELECT t.x FROM {ds}.`a_*` AS t WHERE t._TABLE_SUFFIX BETWEEN '2' AND '9'", [(2,)]),
        ("SELECT x, _TABLE_SUFFIX FROM `{ds}.A_*`", [(3, "3")]),
    ],
)
def test_a_wildcard_table(bigquery, wildcards, query, expected):
    rows = bigquery.query_and_wait(query.format(ds=wildcards))
    assert [tuple(row.values()) for row in rows] == expected


@documented("SQL", "A wildcard table takes no view, no other types, no changes", WILDCARDS, WRITTEN)
@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT x FROM `{ds}.with_*` WHERE _TABLE_SUFFIX = 'view'", "Views cannot be queried"),
        ("SELECT x FROM `{ds}.other_*`", "Cannot read field of type INT64 as STRING Field: x"),
        ("SELECT z FROM `{ds}.a_*`", "Unrecognized name: z"),
        ("SELECT x FROM `{ds}.nothing_*`", "does not match any table"),
        ("DELETE FROM `{ds}.a_*` WHERE TRUE", "cannot be changed"),
    ],
)
def test_what_a_wildcard_table_refuses(bigquery, wildcards, statement, message):
    with pytest.raises(BadRequest, match=message):
        bigquery.query_and_wait(statement.format(ds=wildcards))
