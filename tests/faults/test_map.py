"""map_collection as a whole: a place for each picture, replaced at once, and again the same."""

import pytest

from tests.faults.images import photo
from tests.support.collection import publish
from vitrine.collection import load

ROWS = "SELECT uri, x, y, level FROM image_map ORDER BY uri"
PICTURES = {f"{number}.jpg": photo(number) for number in range(6)}


@pytest.fixture
def world(fresh_world):
    """Six pictures, embedded by the demo's model."""
    fresh_world.upload(PICTURES)
    publish(fresh_world.emulator, load()["met"])
    return fresh_world


def state(run, task_id: str) -> str:
    """How a task ended."""
    return str(run.get_task_instance(task_id).state)


def test_each_picture_has_a_place_and_the_next_run_gives_it_the_same(world):
    calls = world.emulator.last_call()
    assert world.run("map_collection").state == "success"
    first = world.rows(ROWS)
    assert {(row["x"], row["y"]) for row in first} == {(number % 3, number // 3) for number in range(6)}
    assert sorted(row["level"] for row in first)[-1] == 2
    assert world.run("map_collection").state == "success"
    assert world.rows(ROWS) == first, "and no row is left over"
    assert world.emulator.last_call() == calls, "the model is not called"


def test_pictures_that_are_gone_leave_the_map(world):
    world.run("map_collection")
    world.rows(f"DELETE FROM met_image_embeddings WHERE uri = 'gs://{world.bucket}/0.jpg'")
    assert world.run("map_collection").state == "success"
    assert [row["uri"].rpartition("/")[2] for row in world.rows(ROWS)] == [f"{n}.jpg" for n in range(1, 6)]


def test_a_collection_of_an_earlier_version_gets_the_table(world):
    world.rows("DROP TABLE image_map")
    assert world.run("map_collection").state == "success"
    assert len(world.rows(ROWS)) == 6


def test_vectors_of_another_model_are_not_drawn(world):
    world.run("map_collection")
    world.rows("UPDATE met_image_embeddings SET model = 'another/128' WHERE TRUE")
    run = world.run("map_collection")
    assert (run.state, state(run, "assert_one_model"), state(run, "draw_map")) == (
        "failed",
        "failed",
        "upstream_failed",
    )
    assert len(world.rows(ROWS)) == 6, "the map before stays"


def test_nothing_searchable_is_no_failure(world):
    world.rows("TRUNCATE TABLE met_image_embeddings")
    assert world.run("map_collection").state == "success"
    assert world.rows(ROWS) == []
