"""The branch before the vector index."""

import pytest

from tests.unit.fakes import context
from vitrine.google.bigquery import TableSize
from vitrine.index.choose_index import ChooseIndexOperator


@pytest.mark.parametrize(
    ("rows", "branch", "said"),
    [
        (4_999, "report", "Too small for an index: 4,999 of 5,000 rows; search is exact."),
        (5_000, "create", None),
    ],
)
def test_below_5000_rows_the_reason_is_left_for_the_report(collection, bigquery, rows, branch, said):
    bigquery.size = TableSize(rows=rows, bytes=50 * 2**20)
    operator = ChooseIndexOperator(task_id="choose", collection=collection, enough="create", too_few="report")
    given = context()
    assert operator.choose_branch(given) == branch
    assert given["ti"].pushed.get("vector_index") == said
    assert bigquery.asked == [], "a table says its size without a job"
