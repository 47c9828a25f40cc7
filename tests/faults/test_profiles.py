"""Two models side by side: each profile has tables, model and index of its own."""

import pytest

from tests.faults.images import photo

IMAGES = 5


@pytest.fixture
def world(fresh_world):
    """A world whose photos were embedded under the nameless first profile."""
    fresh_world.upload({f"{number}.jpg": photo(number) for number in range(IMAGES)})
    fresh_world.prepare()
    assert fresh_world.run("embed_images").state == "success"
    return fresh_world


def vectors(world, table: str) -> list[dict]:
    """How many vectors of which model and length a table has."""
    return world.rows(
        "SELECT model, ARRAY_LENGTH(ml_generate_embedding_result) AS numbers, COUNT(*) AS images "
        f"FROM {table} GROUP BY model, numbers"
    )


def test_a_second_profile_is_filled_searched_and_left_again(world, monkeypatch):
    old = [{"model": "multimodalembedding@001/1408", "numbers": 1408, "images": IMAGES}]
    new = [{"model": "multimodalembedding@001/256", "numbers": 256, "images": IMAGES}]
    with monkeypatch.context() as second:
        second.setenv("VITRINE_PROFILE", "small")
        second.setenv("VITRINE_DIMENSION", "256")
        second.setenv("VITRINE_EMBEDDING_FUNCTION", "AI.GENERATE_EMBEDDING")
        del world.dagbag
        for dag_id in ("setup_image_search", "embed_images", "search_images"):
            assert world.run(dag_id).state == "success"
    assert vectors(world, "met_image_embeddings_small") == new
    assert vectors(world, "met_image_embeddings") == old
    assert len(world.rows("SELECT rank FROM vector_search_results_small")) == 3

    del world.dagbag
    last = world.emulator.last_call()
    assert world.run("embed_images").state == "success"
    assert world.emulator.last_call() == last, "the way back costs nothing"
    assert world.run("search_images").state == "success"
    assert vectors(world, "met_image_embeddings") == old
