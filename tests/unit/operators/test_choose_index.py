"""The branch before the vector index."""

import pytest

from tests.unit.fakes import FakeBigQuery, context
from vitrine.jobs import query_job
from vitrine.operators.choose_index import ChooseIndexOperator


@pytest.mark.parametrize(
    ("rows", "branch", "said"),
    [
        (4_999, "report", "Too small for an index: 4,999 of 5,000 rows; search is exact."),
        (5_000, "create", None),
    ],
)
def test_below_5000_rows_the_reason_is_left_for_the_report(rows, branch, said):
    operator = ChooseIndexOperator(
        task_id="choose", configuration=query_job("count"), create="create", skip="report",
        bigquery=FakeBigQuery(count=[{"row_count": rows}]),
    )  # fmt: skip
    given = context()
    assert operator.choose_branch(given) == branch
    assert given["ti"].pushed.get("vector_index") == said
