"""The branch before a rebuild."""

import pytest

from tests.unit.fakes import chosen, context
from vitrine.errors import IndexNotRebuiltError
from vitrine.index.choose_rebuild import ChooseRebuildOperator
from vitrine.index.params import MAINTAIN_VECTOR_INDEX


@pytest.fixture
def choose(collection, bigquery):
    """The branch taken."""

    def run(drift: float | None, rebuild: bool = False, rebuilds: int = 0) -> str:
        bigquery.answers["count_rebuilds"] = [{"rebuilds": rebuilds}]
        operator = ChooseRebuildOperator(
            task_id="choose", collection=collection, measured="measure", rebuild="rebuild", keep="keep"
        )
        params = chosen(MAINTAIN_VECTOR_INDEX, rebuild=rebuild)
        return operator.choose_branch(context(params, measure__return_value={"drift": drift}))

    return run


@pytest.mark.parametrize(
    ("drift", "rebuild", "branch"),
    [(0.3, False, "rebuild"), (0.29, False, "keep"), (None, False, "keep"), (0.0, True, "rebuild")],
)
def test_it_rebuilds_for_drift_or_because_a_person_says_so(choose, drift, rebuild, branch):
    assert choose(drift, rebuild) == branch


def test_some_statements_of_the_day_are_left_for_the_nights(choose):
    assert choose(0.5, rebuilds=4) == "rebuild"
    with pytest.raises(IndexNotRebuiltError, match=r"rebuilt 5 times within a day\. BigQuery allows 10"):
        choose(0.5, rebuilds=5)
    assert choose(0.1, rebuilds=5) == "keep"
