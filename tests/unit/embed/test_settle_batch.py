"""Publishing a batch."""

import pytest

from tests.unit.fakes import context, parameters
from vitrine.embed.planning import Batch
from vitrine.embed.settle_batch import SettleBatchOperator

pytestmark = pytest.mark.usefixtures("own_turn")


def test_a_batch_is_published_by_a_job_of_its_own_and_tells_how_far_the_order_is(collection, jobs):
    batch = Batch(
        work_order="vitrine_embed-ds-o",
        batch_number=4,
        planned_at="2026-11-22 02:00:00+00",
        images=9,
        bytes=1,
    )
    operator = SettleBatchOperator(task_id="settle_batch", collection=collection, batch=batch)
    jobs.answers["settle_batch"] = [{"planned": 100, "done": 75, "seconds": 90}]
    given = context()
    operator.execute(given)
    assert operator.job_id == "vitrine_embed-ds-o-settle4", "what waits for jobs of the dataset sees it"
    sent = parameters(jobs.asked[0])
    assert (sent["work_order"], sent["batch_number"]) == ("vitrine_embed-ds-o", "4")
    assert sent["planned_at"] == "2026-11-22 02:00:00+00"
    assert sent["lease_id"] == "ours"
    assert given["ti"].pushed["progress"] == {
        "done": 75,
        "left": 25,
        "images_per_minute": 50,
        "minutes_left": 1,
    }
