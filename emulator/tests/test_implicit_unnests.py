"""Arrays in FROM without UNNEST, by their path: with offsets, and under the name of the column."""

import pytest
from documented import QUERY_SYNTAX, documented
from google.api_core.exceptions import GoogleAPICallError


@pytest.fixture(scope="module")
def table(bigquery):
    """A table with an array and an array in a STRUCT."""
    bigquery.query_and_wait("CREATE SCHEMA implicit")
    bigquery.query_and_wait(
        "CREATE TABLE implicit.t AS SELECT 1 AS x, [10, 20] AS a, STRUCT(['p', 'q'] AS l) AS s "
        "UNION ALL SELECT 2, [], NULL"
    )
    yield "implicit.t"
    bigquery.query_and_wait("DROP SCHEMA implicit CASCADE")


@documented("SQL", "An array in FROM needs no UNNEST, and may have WITH OFFSET", QUERY_SYNTAX, "2026-11-27")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT x, m, o FROM {t} AS t, t.a AS m WITH OFFSET AS o", [(1, 10, 0), (1, 20, 1)]),
        ("SELECT x, m, offset FROM {t} AS t, t.a m WITH OFFSET WHERE m > 10", [(1, 20, 1)]),
        ("SELECT m, o FROM {t}, t.a AS m WITH OFFSET o", [(10, 0), (20, 1)]),
        ("SELECT l, o FROM {t} AS t, t.s.l WITH OFFSET o", [("p", 0), ("q", 1)]),
        (
            "SELECT x, m, o FROM {t} AS t LEFT JOIN t.a AS m WITH OFFSET o",
            [(1, 10, 0), (1, 20, 1), (2, None, None)],
        ),
        ("SELECT x, m FROM {t} AS t JOIN t.a AS m WITH OFFSET o ON o = 1", [(1, 20)]),
        ("SELECT x, (SELECT SUM(m * o) FROM t.a AS m WITH OFFSET o) FROM {t} AS t", [(1, 20), (2, None)]),
        ("WITH c AS (SELECT [3] AS a) SELECT m, o FROM c, c.a AS m WITH OFFSET o", [(3, 0)]),
        ("SELECT x, l FROM {t} AS t, t.s.l", [(1, "p"), (1, "q")]),
        (
            "SELECT x, o FROM {t} LEFT JOIN UNNEST(a) AS m WITH OFFSET o",
            [(1, 0), (1, 1), (2, None)],
        ),
    ],
)
def test_arrays_by_their_path(bigquery, table, query, expected):
    rows = [tuple(row.values()) for row in bigquery.query_and_wait(query.format(t=table))]
    assert sorted(rows, key=str) == expected


def test_what_is_no_array_has_no_offset(bigquery, table):
    for written in (f"{table} WITH OFFSET", f"{table} AS t, t.x WITH OFFSET"):
        with pytest.raises(GoogleAPICallError):
            bigquery.query_and_wait(f"SELECT 1 FROM {written}")
