"""Two models side by side: each has tables, a remote model and an index of its own; none is paid for twice."""

import json

import pytest

from tests.faults.images import photo

IMAGES = 5
# The same endpoint with a shorter vector, and the endpoint that replaces the first one's
SMALL = {"endpoint": "multimodalembedding@001", "dimension": 256, "function": "AI.GENERATE_EMBEDDING"}
GEMINI = {"endpoint": "gemini-embedding-2", "dimension": 768}
OLD = [{"model": "multimodalembedding@001/1408", "numbers": 1408, "images": IMAGES}]


@pytest.fixture
def world(fresh_world):
    """A world with a few photos."""
    fresh_world.upload({f"{number}.jpg": photo(number) for number in range(IMAGES)})
    return fresh_world


def vectors(world, table: str) -> list[dict]:
    """How many vectors of which model and length a table has."""
    return world.rows(
        "SELECT model, ARRAY_LENGTH(ml_generate_embedding_result) AS numbers, COUNT(*) AS images "
        f"FROM {table} GROUP BY model, numbers"
    )


@pytest.mark.parametrize(("name", "second"), [("small", SMALL), ("gemini", GEMINI)], ids=["small", "gemini"])
def test_a_second_model_is_filled_beside_the_first_made_active_and_left_again(
    world, monkeypatch, name, second
):
    dimension = second["dimension"]
    new = [{"model": f"{second['endpoint']}/{dimension}", "numbers": dimension, "images": IMAGES}]
    world.prepare()
    assert world.run("embed_images").state == "success"
    monkeypatch.setenv("VITRINE_MODELS", json.dumps({"default": {}, name: second}))
    del world.dagbag
    assert {"embed_images__met", f"embed_images__met__{name}"} <= world.dagbag.dags.keys()
    for dag_id in ("setup_image_search", "embed_images"):
        assert world.run_dag(f"{dag_id}__met__{name}").state == "success"
    assert vectors(world, f"met_image_embeddings_{name}") == new
    assert vectors(world, "met_image_embeddings") == OLD

    monkeypatch.setenv("VITRINE_ACTIVE_MODEL", name)
    del world.dagbag
    last = world.emulator.last_call()
    assert world.run("embed_images").state == "success"
    assert world.emulator.last_call() == last, "the tables keep their names, so nothing is pending"
    assert world.run("search_images").state == "success"
    assert len(world.rows(f"SELECT rank FROM vector_search_results_{name}")) == 3

    monkeypatch.delenv("VITRINE_ACTIVE_MODEL")
    del world.dagbag
    last = world.emulator.last_call()
    assert world.run("embed_images").state == "success"
    assert world.emulator.last_call() == last, "the way back costs nothing"
    assert vectors(world, "met_image_embeddings") == OLD
