"""Near-duplicates are looked for when something has changed."""

import logging

import pytest

from tests.unit.fakes import collection_with, context, parameters
from vitrine.embed.find_duplicates import FindDuplicatesOperator

pytestmark = pytest.mark.usefixtures("own_turn")


@pytest.fixture
def find(jobs, caplog, monkeypatch):
    """What the task logs after a run that has published and removed so many images."""
    monkeypatch.setattr(FindDuplicatesOperator, "log", logging.getLogger("duplicates"))
    caplog.set_level("INFO")
    jobs.answers["find_duplicates"] = [{"images": 1_200, "pairs": 3, "remaining": 40}]

    def run(published_now: int, removed: int, **settings: object) -> str:
        operator = FindDuplicatesOperator(
            task_id="find_duplicates", collection=collection_with(**settings), sync="sync"
        )
        operator.execute(context(sync__published_now=published_now, sync__removed=removed))
        return caplog.text

    return run


@pytest.mark.parametrize(("published_now", "removed"), [(5, 0), (0, 1)])
def test_new_or_removed_images_are_one_job(find, jobs, published_now, removed):
    text = find(published_now, removed, duplicate_distance=0.02)
    assert "1,200 images were compared with all others; 3 pairs" in text
    assert "40 images are left to later runs." in text
    [asked] = jobs.asked
    sent = parameters(asked)
    assert (sent["duplicate_distance"], sent["lease_id"]) == ("0.02", "ours")


def test_a_night_with_nothing_new_is_no_job(find, jobs):
    assert "No image is new or gone" in find(0, 0)
    assert jobs.asked == []


def test_a_collection_may_do_without(find, jobs):
    assert "duplicate_distance is 0" in find(5, 5, duplicate_distance=0)
    assert jobs.asked == []
