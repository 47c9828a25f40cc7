"""The branch before images leave the searchable table."""

from types import SimpleNamespace

import pytest

from tests.unit.fakes import chosen, collection_with, context
from vitrine.embed.choose_removal import ChooseRemovalOperator
from vitrine.embed.params import EMBED_IMAGES
from vitrine.errors import MassDeleteError


@pytest.fixture
def choose(bigquery):
    """The branch taken, and what is left for the report, with a share of a tenth allowed to go."""

    def run(
        published: int, vanished: int, run_type: str = "manual", max_share: float = 0.1, **choices: bool
    ) -> tuple[str, int]:
        bigquery.answers["count_vanished"] = [{"published": published, "vanished": vanished}]
        operator = ChooseRemovalOperator(
            task_id="choose",
            collection=collection_with(max_removed_share=max_share),
            remove="remove",
            keep="keep",
        )
        given = context(chosen(EMBED_IMAGES, **choices)) | {"dag_run": SimpleNamespace(run_type=run_type)}
        return operator.choose_branch(given), given["ti"].pushed["vanished"]

    return run


@pytest.mark.parametrize(
    ("published", "vanished", "branch"),
    [(0, 0, "keep"), (100, 0, "keep"), (100, 1, "remove"), (100, 10, "remove")],
)
def test_a_tenth_may_go(choose, published, vanished, branch):
    assert choose(published, vanished) == (branch, vanished)


@pytest.mark.parametrize(("published", "vanished"), [(100, 11), (5, 1), (1, 1)])
def test_more_may_not_unless_a_person_says_so(choose, published, vanished):
    with pytest.raises(MassDeleteError, match=f"{vanished} of {published} .* Nothing was removed"):
        choose(published, vanished)
    assert choose(published, vanished, allow_mass_delete=True) == ("remove", vanished)


def test_the_collection_says_how_many_may_go(choose):
    assert choose(100, 50, max_share=0.5) == ("remove", 50)
    with pytest.raises(MassDeleteError, match="50%"):
        choose(100, 51, max_share=0.5)


def test_a_run_of_a_backfill_removes_nothing_and_does_not_even_look(choose, bigquery):
    assert choose(100, 100, run_type="backfill") == ("keep", 0)
    assert bigquery.asked == []
