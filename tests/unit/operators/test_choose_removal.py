"""The branch before images leave the searchable table."""

import pytest

from tests.unit.fakes import FakeBigQuery, context
from vitrine.errors import MassDeleteError
from vitrine.jobs import query_job
from vitrine.operators.choose_removal import ChooseRemovalOperator


def choose(published: int, vanished: int, allow: str = "False") -> tuple[str, int | None]:
    """The branch taken, and what is left for the report, with a tenth allowed to go."""
    operator = ChooseRemovalOperator(
        task_id="choose", configuration=query_job("count"), max_share=0.1, allow_mass_delete=allow,
        remove="remove", skip="skip",
        bigquery=FakeBigQuery(count=[{"published": published, "vanished": vanished}]),
    )  # fmt: skip
    given = context()
    return operator.choose_branch(given), given["ti"].pushed["vanished"]


@pytest.mark.parametrize(
    ("published", "vanished", "branch"),
    [(0, 0, "skip"), (100, 0, "skip"), (100, 1, "remove"), (100, 10, "remove")],
)
def test_a_tenth_may_go(published, vanished, branch):
    assert choose(published, vanished) == (branch, vanished)


@pytest.mark.parametrize(("published", "vanished"), [(100, 11), (5, 1), (1, 1)])
def test_more_may_not_unless_a_person_says_so(published, vanished):
    with pytest.raises(MassDeleteError, match=f"{vanished} of {published} .* Nothing was removed"):
        choose(published, vanished)
    assert choose(published, vanished, allow="True") == ("remove", vanished)
