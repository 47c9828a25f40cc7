"""The searchable images follow the bucket."""

import pytest

from tests.unit.fakes import collection_with, context, parameters
from vitrine.embed.sync_bucket import SyncBucketOperator
from vitrine.errors import MassDeleteError

pytestmark = pytest.mark.usefixtures("own_turn")


@pytest.fixture
def sync(jobs):
    """What a run reports, of whose published images so many are gone and so many were removed."""

    def run(published: int, vanished: int, removed: int, run_type: str = "manual") -> dict:
        counted = {"published": published, "vanished": vanished, "lost": vanished, "removed": removed}
        counted["published_now"] = 5
        jobs.answers["sync_bucket"] = [counted]
        operator = SyncBucketOperator(
            task_id="sync_bucket", collection=collection_with(max_removed_share=0.25)
        )
        given = context()
        given["dag_run"].run_type = run_type
        operator.execute(given)
        return given["ti"].pushed

    return run


def test_what_was_removed_is_left_for_the_report(sync, jobs):
    assert sync(100, 3, 3) == {"removed": 3, "published_now": 5}
    assert sync(100, 0, 0) == {"removed": 0, "published_now": 5}
    sent = parameters(jobs.asked[0])
    assert (sent["max_share"], sent["lease_id"]) == ("0.25", "ours")
    assert "run_type != 'backfill'" in sent["may_remove"]
    assert "allow_mass_delete" in sent["allow_mass_delete"]


def test_what_was_too_much_to_remove_fails_the_task(sync):
    with pytest.raises(MassDeleteError, match=r"26 of 100 published images .*25%.*Nothing was removed"):
        sync(100, 26, 0)


def test_a_run_of_a_backfill_removes_nothing_and_that_is_no_failure(sync):
    assert sync(100, 100, 0, run_type="backfill") == {"removed": 0, "published_now": 5}
