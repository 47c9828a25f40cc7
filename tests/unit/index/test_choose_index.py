"""The branch before the vector index."""

import pytest

from tests.unit.fakes import context
from vitrine.google.bigquery import TableSize
from vitrine.index.choose_index import ChooseIndexOperator


@pytest.mark.parametrize(("rows", "branch"), [(4_999, "report"), (5_000, "create")])
def test_there_is_no_index_below_5000_rows(collection, bigquery, rows, branch):
    bigquery.size = TableSize(rows=rows, bytes=50 * 2**20)
    operator = ChooseIndexOperator(task_id="choose", collection=collection, enough="create", too_few="report")
    assert operator.choose_branch(context()) == branch
    assert bigquery.asked == [], "a table says its size without a job"
