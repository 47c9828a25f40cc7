"""embed_images and near-duplicates: found for what is new, gone with what is gone, and never in the way."""

import pytest

from benchmarks.worlds import Jobs, now, task_of
from tests.faults.images import photo

OWL, COPY = photo(7), photo(7) + b"a comment at the end changes no pixel"
PAIRS = "SELECT uri, near_uri FROM near_duplicates WHERE uri != near_uri ORDER BY uri, near_uri"


@pytest.fixture
def world(fresh_world, monkeypatch):
    """A bucket with a picture and its copy, and another that is like neither; the demo's model."""
    monkeypatch.setenv("VITRINE_MAX_PASSES", "2")
    fresh_world.upload({"a.jpg": OWL, "b.jpg": COPY})
    fresh_world.prepare()
    return fresh_world


def pairs(world) -> list[tuple[str, str]]:
    """Names of the images of each pair."""
    return [tuple(uri.rpartition("/")[2] for uri in row.values()) for row in world.rows(PAIRS)]


def states(run) -> dict[str, str]:
    """States of the tasks of a run."""
    return {task.task_id: task.state for task in run.get_task_instances()}


def searches(world, start) -> int:
    """Jobs of find_duplicates since then."""
    return [task_of(job) for job in Jobs.since(world.emulator, start).jobs].count("find_duplicates")


def test_a_night_finds_the_copies_of_its_new_images(world):
    assert world.run("embed_images").state == "success"
    assert pairs(world) == [("a.jpg", "b.jpg")]

    world.upload({"c.jpg": OWL + b"another comment"})
    assert world.run("embed_images").state == "success"
    assert pairs(world) == [("a.jpg", "b.jpg"), ("a.jpg", "c.jpg"), ("b.jpg", "c.jpg")]


def test_a_night_with_nothing_new_sends_no_job_and_one_that_removes_does(world):
    world.upload({"c.jpg": photo(8)})
    world.run("embed_images")
    start = now()
    run = world.run("embed_images")
    assert (run.state, states(run)["find_duplicates"]) == ("success", "success")
    assert (searches(world, start), len(Jobs.since(world.emulator, start).jobs)) == (0, 6)

    world.emulator.storage.bucket(world.bucket).blob("b.jpg").delete()
    start = now()
    assert world.run("embed_images", allow_mass_delete=True).state == "success"
    assert searches(world, start) == 1
    assert ("a.jpg", "b.jpg") not in pairs(world)


def test_a_search_that_fails_fails_no_night_and_the_next_one_makes_up_for_it(world):
    world.rows("DROP TABLE near_duplicates")
    world.rows("CREATE TABLE near_duplicates (something_else STRING)")
    run = world.run("embed_images")
    assert states(run)["find_duplicates"] == "failed"
    assert (run.state, states(run)["report_run"]) == ("success", "success")
    [report] = world.rows("SELECT complete, published FROM embedding_runs")
    assert report == {"complete": True, "published": 2}

    world.rows("DROP TABLE near_duplicates")
    world.upload({"c.jpg": photo(8)})
    assert world.run("embed_images").state == "success"
    assert ("a.jpg", "b.jpg") in pairs(world)


def test_a_collection_of_an_earlier_version_gets_the_table_from_its_next_night(world):
    world.rows("DROP TABLE near_duplicates")
    assert world.run("embed_images").state == "success"
    assert pairs(world) == [("a.jpg", "b.jpg")]
