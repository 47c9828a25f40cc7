"""RAND() and GENERATE_UUID() in the ORDER BY of a window."""

import pytest
from documented import SQL, documented
from google.api_core.exceptions import BadRequest


@pytest.fixture
def rows(bigquery):
    """The rows of a query."""
    return lambda sql: [tuple(row.values()) for row in bigquery.query_and_wait(sql)]


@documented("Jobs", "A window is ordered by RAND()", SQL + "window-function-calls")
def test_the_order_is_random(rows):
    assert rows("SELECT RANK() OVER (ORDER BY RAND()) FROM UNNEST([1])") == [(1,)]
    sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 50)) AS x ORDER BY ROW_NUMBER() OVER (ORDER BY RAND())"
    first, second = rows(sql), rows(sql)
    assert first != second
    assert sorted(first) == sorted(second) == [(x,) for x in range(1, 51)]


@pytest.mark.parametrize(
    "select",
    [
        "x, RANK() OVER (ORDER BY RAND() DESC) AS r FROM UNNEST([1, 2, 3]) AS x",
        "x, RANK() OVER w AS r FROM UNNEST([1, 2, 3]) AS x WINDOW w AS (ORDER BY RAND(), x)",
        "x, RANK() OVER (PARTITION BY y ORDER BY RAND(), RAND()) AS r "
        "FROM (SELECT x, 'a' AS y FROM UNNEST([1, 2, 3]) AS x) AS t",
        "x, RANK() OVER (ORDER BY GENERATE_UUID()) AS r FROM UNNEST([1, 2, 3]) AS x",
    ],
)
def test_each_row_has_a_number_of_its_own(rows, select):
    found = rows(f"SELECT {select} ORDER BY r")
    assert [rank for _, rank in found] == [1, 2, 3]
    assert sorted(x for x, _ in found) == [1, 2, 3]


def test_a_star_has_the_columns_of_the_source(bigquery):
    sql = "SELECT *, t.*, RANK() OVER (ORDER BY RAND()) AS r FROM (SELECT 1 AS x, 2 AS y) AS t"
    assert [field.name for field in bigquery.query_and_wait(sql).schema][-1] == "r"
    assert len(bigquery.query_and_wait(sql).schema) == 5


@pytest.mark.parametrize(
    "rest", ["FROM UNNEST([1]) AS x GROUP BY x", "FROM UNNEST([1]) AS x CROSS JOIN UNNEST([2]) AS y"]
)
def test_after_a_join_or_grouping_it_is_not_emulated(rows, rest):
    with pytest.raises(BadRequest, match="not emulated: RAND"):
        rows(f"SELECT RANK() OVER (ORDER BY RAND()) {rest}")
