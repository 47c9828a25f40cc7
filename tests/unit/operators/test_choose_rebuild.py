"""The branch before a rebuild."""

import pytest

from tests.unit.fakes import FakeBigQuery, context
from vitrine.errors import IndexNotRebuiltError
from vitrine.jobs import query_job
from vitrine.operators.choose_rebuild import ChooseRebuildOperator


def choose(drift, force="False", rebuilds=0):
    """The branch taken."""
    operator = ChooseRebuildOperator(
        task_id="choose", measured="measure", force=force, configuration=query_job("count"),
        rebuild="rebuild", skip="check", bigquery=FakeBigQuery(count=[{"rebuilds": rebuilds}]),
    )  # fmt: skip
    return operator.choose_branch(context(measure__return_value={"drift": drift}))


@pytest.mark.parametrize(
    ("drift", "force", "branch"),
    [(0.3, "False", "rebuild"), (0.29, "False", "check"), (None, "False", "check"), (0.0, "True", "rebuild")],
)
def test_it_rebuilds_for_drift_or_because_a_person_says_so(drift, force, branch):
    assert choose(drift, force) == branch


def test_some_statements_of_the_day_are_left_for_the_nights():
    assert choose(0.5, rebuilds=4) == "rebuild"
    with pytest.raises(IndexNotRebuiltError, match=r"rebuilt 5 times within a day\. BigQuery allows 10"):
        choose(0.5, rebuilds=5)
    assert choose(0.1, rebuilds=5) == "check"
