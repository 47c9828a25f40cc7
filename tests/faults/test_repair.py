"""embed_images when the service misbehaves: every image once, no cent twice, nothing lost."""

from collections import Counter

import pytest

from tests.faults.images import photo

IMAGES = 50
BROKEN = ("p/007.jpg", "p/021.jpg", "p/042.jpg")


@pytest.fixture
def world(fresh_world):
    """A world with 50 photos, set up for search."""
    fresh_world.upload({f"p/{number:03}.jpg": photo(number) for number in range(IMAGES)})
    fresh_world.prepare()
    return fresh_world


def image_calls(world, after: int = 0) -> list[dict]:
    """Model calls for this world's images."""
    return [
        call
        for call in world.emulator.ledger(after)
        if (call["uri"] or "").startswith(f"gs://{world.bucket}/")
    ]


def states(run) -> dict[str, str]:
    """State of each unmapped task of a run."""
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def test_one_run_repairs_what_a_retry_cures_and_sets_aside_what_it_does_not(world):
    broken = [f"gs://{world.bucket}/{name}" for name in BROKEN]
    world.emulator.faults(retryable_share=0.2, retryable_attempts=1, terminal_uris=broken)

    assert world.run("embed_images").state == "success"

    published = [row["uri"] for row in world.rows("SELECT uri FROM met_image_embeddings")]
    assert sorted(published) == sorted(
        {*(f"gs://{world.bucket}/p/{n:03}.jpg" for n in range(IMAGES))} - {*broken}
    )
    assert world.rows("SELECT DISTINCT ml_generate_embedding_status AS s FROM met_image_embeddings") == [
        {"s": ""}
    ]
    quarantine = world.rows(
        "SELECT uri, ml_generate_embedding_status AS status FROM embedding_quarantine ORDER BY uri"
    )
    assert [row["uri"] for row in quarantine] == sorted(broken)
    assert all(row["status"] for row in quarantine)
    outcomes = Counter((call["uri"], call["outcome"]) for call in image_calls(world))
    assert Counter(outcome for _, outcome in outcomes)["ok"] == IMAGES - len(BROKEN)
    assert any(outcome == "retryable" for _, outcome in outcomes)
    assert {count for (_, outcome), count in outcomes.items() if outcome == "ok"} == {1}

    last = world.emulator.last_call()
    assert world.run("embed_images").state == "success"
    assert image_calls(world, after=last) == []
    [report] = world.rows(
        "SELECT planned, published, quarantined, pending, passes FROM embedding_runs WHERE planned > 0"
    )
    assert report == {"planned": IMAGES, "published": 47, "quarantined": 3, "pending": 0, "passes": 2}


def test_an_image_that_never_succeeds_fails_the_run_by_name_and_is_taken_up_by_the_next(world, monkeypatch):
    world.emulator.faults(retryable_share=1.0, retryable_attempts=99)
    run = world.run("embed_images")

    assert run.state == "failed"
    assert states(run)["report_run"] == "failed"
    assert states(run)["repair.plan_batches_3"] == "skipped", "no progress in two passes must stop the run"
    assert world.rows("SELECT complete, pending FROM embedding_runs") == [
        {"complete": False, "pending": IMAGES}
    ]
    assert world.rows("SELECT uri FROM met_image_embeddings") == []

    world.emulator.faults(retryable_share=0.0)
    assert world.run("embed_images").state == "success"
    assert len(world.rows("SELECT uri FROM met_image_embeddings")) == IMAGES


def test_a_changed_image_is_replaced_and_only_it_is_paid(world):
    assert world.run("embed_images").state == "success"
    last = world.emulator.last_call()
    world.upload({"p/003.jpg": photo(60_000)})

    assert world.run("embed_images").state == "success"

    assert [call["uri"] for call in image_calls(world, after=last)] == [f"gs://{world.bucket}/p/003.jpg"]
    [counted] = world.rows("SELECT COUNT(*) AS images, COUNT(DISTINCT uri) AS uris FROM met_image_embeddings")
    assert counted == {"images": IMAGES, "uris": IMAGES}
    [changed] = world.rows(
        "SELECT e.content_hash = o.md5_hash AS is_current FROM met_image_embeddings AS e "
        "JOIN met_images AS o ON o.uri = e.uri WHERE e.uri LIKE '%/003.jpg'"
    )
    assert changed == {"is_current": True}


def test_vectors_that_a_dead_run_left_unpublished_are_published_without_a_call(world):
    assert world.run("embed_images").state == "success"
    world.rows("DELETE FROM met_image_embeddings WHERE uri LIKE '%/00%'")
    last = world.emulator.last_call()

    assert world.run("embed_images").state == "success"

    assert image_calls(world, after=last) == []
    assert world.rows("SELECT COUNT(DISTINCT uri) AS uris FROM met_image_embeddings") == [{"uris": IMAGES}]


def test_max_images_and_uri_prefix_bound_a_run(world):
    world.upload({f"q/{number}.jpg": photo(1000 + number) for number in range(5)})
    assert world.run("embed_images", max_images=3, uri_prefix=f"gs://{world.bucket}/q/").state == "success"
    published = [row["uri"] for row in world.rows("SELECT uri FROM met_image_embeddings")]
    assert len(published) == 3
    assert all(uri.startswith(f"gs://{world.bucket}/q/") for uri in published)


def test_small_batches_never_exceed_batch_size(world):
    assert world.run("embed_images", batch_size=20).state == "success"
    sizes = world.rows(
        "SELECT COUNT(*) AS images FROM embedding_batches GROUP BY work_order, batch_number ORDER BY 1"
    )
    assert [row["images"] for row in sizes] == [16, 17, 17]
    per_job = Counter(call["job_id"] for call in image_calls(world))
    assert sorted(per_job.values()) == [16, 17, 17]


def test_an_oversized_batch_is_refused_by_the_param(world):
    with pytest.raises(Exception, match="25001 is greater than the maximum of 25000"):
        world.run("embed_images", batch_size=25_001)
