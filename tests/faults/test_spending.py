"""embed_images and money: shown before it is spent, bounded by run and month, never spent by a dry run."""

import pytest

from tests.faults.images import photo

IMAGES = 12
# The report's table as setup_image_search made it before there were caps.
EARLIER_RUNS = """CREATE TABLE embedding_runs (
  run_id STRING NOT NULL, planned INT64 NOT NULL, published INT64 NOT NULL, quarantined INT64 NOT NULL,
  vanished INT64 NOT NULL, pending INT64 NOT NULL, removed INT64 NOT NULL, ignored INT64 NOT NULL,
  passes INT64 NOT NULL, complete BOOL NOT NULL, vector_index STRING NOT NULL, started_at TIMESTAMP NOT NULL,
  reported_at TIMESTAMP NOT NULL)"""


@pytest.fixture
def world(fresh_world, monkeypatch):
    """A world with 12 photos at a dollar each and 8 dollars a month, over an earlier version's table.

    Setup has spent the first dollar: the image that it asked about needs no other call.
    """
    monkeypatch.setenv("VITRINE_IMAGE_PRICE_USD", "1")
    monkeypatch.setenv("VITRINE_MONTHLY_BUDGET_USD", "8")
    calls = fresh_world.emulator.last_call()
    fresh_world.upload({f"{number:02}.jpg": photo(number) for number in range(IMAGES)})
    fresh_world.rows(f"CREATE SCHEMA {fresh_world.dataset}")
    fresh_world.rows(EARLIER_RUNS)
    fresh_world.rows(
        "INSERT INTO embedding_runs VALUES "
        "('earlier', 1, 1, 0, 0, 0, 0, 0, 1, TRUE, '', CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP())"
    )
    assert fresh_world.run("setup_image_search").state == "success"
    assert len(paid(fresh_world, calls)) == 1
    return fresh_world


def report(world, run) -> dict:
    """What a run has reported about money."""
    [row] = world.rows(
        "SELECT planned, published, deferred, deferred_reason, cost_usd, outcome, complete "
        f"FROM embedding_runs WHERE run_id = '{run.run_id}'"
    )
    return row


def paid(world, after: int) -> list[str]:
    """The images embedded since a call; with one that was paid twice this fails."""
    calls = [call for call in world.emulator.ledger(after) if call["outcome"] == "ok" and call["uri"]]
    uris = [call["uri"] for call in calls if call["uri"].startswith(f"gs://{world.bucket}/")]
    assert len(uris) == len(set(uris))
    return uris


def test_a_dry_run_a_capped_run_and_the_months_budget(world):
    before = world.emulator.last_call()
    dry = world.run("embed_images", dry_run=True)
    assert dry.state == "success"
    assert paid(world, before) == []
    assert str(dry.get_task_instance("report_run").state) == "skipped", "the Asset must not be updated"
    assert report(world, dry) == {
        "planned": 0,
        "published": 0,
        "deferred": IMAGES - 1,
        "deferred_reason": "dry_run",
        "cost_usd": 0.0,
        "outcome": "dry_run",
        "complete": False,
    }

    world.emulator.faults(retryable_share=0.5, retryable_attempts=1)
    capped = world.run("embed_images", max_images=5)
    assert capped.state == "success"
    assert len(paid(world, before)) == 5, "repair passes included"
    assert report(world, capped) == {
        "planned": 5,
        "published": 5,
        "deferred": 6,
        "deferred_reason": "max_images",
        "cost_usd": 5.0,
        "outcome": "deferred",
        "complete": True,
    }

    last = world.run("embed_images")
    assert last.state == "success"
    assert len(paid(world, before)) == 7
    assert report(world, last) == {
        "planned": 2,
        "published": 2,
        "deferred": 4,
        "deferred_reason": "monthly_budget",
        "cost_usd": 2.0,
        "outcome": "deferred",
        "complete": True,
    }
    assert world.rows("SELECT COUNT(*) AS images FROM met_image_embeddings") == [{"images": 8}]
    assert world.rows("SELECT outcome FROM embedding_runs WHERE run_id = 'earlier'") == [{"outcome": None}]


def test_a_misspelt_param_costs_nothing(fresh_world):
    fresh_world.upload({"1.jpg": photo(1)})
    fresh_world.prepare()
    calls = fresh_world.emulator.last_call()
    run = fresh_world.run("embed_images", dryrun=True)
    assert run.state == "failed"
    assert run.get_task_instance("take_turn").state == "failed"
    assert run.get_task_instance("take_turn").try_number == 1, "it stays misspelt"
    assert fresh_world.emulator.last_call() == calls
    assert fresh_world.rows("SELECT COUNT(*) AS planned FROM embedding_batches") == [{"planned": 0}]


def test_whole_numbers_may_be_written_with_a_point(fresh_world):
    fresh_world.upload({f"{number}.jpg": photo(number) for number in range(3)})
    fresh_world.prepare()
    assert fresh_world.run("embed_images", max_images=2.0, batch_size=1.0).state == "success"
    assert fresh_world.rows("SELECT COUNT(*) AS images FROM met_image_embeddings") == [{"images": 2}]
    found = fresh_world.run("search_images", top_k=1.0)
    assert found.state == "success"
    assert len(fresh_world.rows("SELECT rank FROM vector_search_results")) == 1
