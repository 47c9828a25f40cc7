"""maintain_vector_index over a real index: recall is measured, drift found and cured, in both ways."""

import time
from datetime import UTC, datetime

import numpy as np
import pytest

from vitrine.settings import load
from vitrine.web.statements import render

# 11 MiB with their other columns: enough for an index that is filled.
ROWS, DIMENSION, CLUSTERS = 10_500, 128, 100
DEADLINE_SECONDS = 60


def clustered(seed: int, away: float = 0.0) -> np.ndarray:
    """Vectors in a hundred clusters, as pictures lie, all of them moved away from the middle of the space."""
    random = np.random.default_rng(seed)
    centres = away + random.normal(size=(CLUSTERS, DIMENSION))
    vectors = centres[random.integers(0, CLUSTERS, ROWS)] + random.normal(size=(ROWS, DIMENSION)) / 2
    return np.round(vectors, 4)


def publish(world, vectors: np.ndarray) -> None:
    """Let the searchable table hold these vectors and no others."""
    settings = load()
    world.rows("TRUNCATE TABLE met_image_embeddings")
    rows = [
        {
            "uri": f"gs://b/{number:06}.png", "content_hash": str(number), "model": settings.model,
            "ml_generate_embedding_result": vector, "ml_generate_embedding_status": "", "run_id": "test",
            "embedded_at": "2026-11-22T02:00:00Z",
        }
        for number, vector in enumerate(vectors.tolist())
    ]  # fmt: skip
    table = settings.table_id("met_image_embeddings")
    world.emulator.bigquery.load_table_from_json(rows, table).result()


def search_for_words(world, number: int) -> None:
    """Leave as many embedded searches for words as search_images would; words lie elsewhere than images."""
    vectors = np.random.default_rng(7).normal(size=(number, DIMENSION)).tolist()
    rows = [
        {
            "search_id": str(word), "content": f"words {word}", "model": load().model,
            "ml_generate_embedding_result": vector, "ml_generate_embedding_status": "",
            "created_at": "2026-11-22T02:00:00Z",
        }
        for word, vector in enumerate(vectors)
    ]  # fmt: skip
    world.emulator.bigquery.load_table_from_json(rows, load().table_id("search_embedding")).result()


def index(world) -> dict:
    """When the index was created and trained, and how far it is."""
    [row] = world.rows(
        "SELECT creation_time, last_model_build_time, coverage_percentage "
        f"FROM {world.dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES"
    )
    return row


def wait_until_filled(world) -> None:
    """Return once the index covers every row."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while index(world)["coverage_percentage"] < 100:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def measurements(world, run) -> list[dict]:
    """What a run has written down, in order."""
    return world.rows(
        f"SELECT * FROM index_health WHERE run_id = '{run.run_id}' ORDER BY measured_at"
    )  # fmt: skip


def state(run, task_id: str) -> str:
    """How a task ended."""
    return str(run.get_task_instance(task_id).state)


@pytest.fixture
def small_world(fresh_world, monkeypatch):
    """The tables that the DAG reads and writes, empty; a model is not needed."""
    monkeypatch.setenv("VITRINE_DIMENSION", str(DIMENSION))
    fresh_world.emulator.faults(index_build_seconds=0.0)
    client, tables = (
        fresh_world.emulator.bigquery,
        ("met_image_embeddings", "search_embedding", "index_health"),
    )
    for statement in ("setup_image_search/create_dataset", *(f"schema/create_{table}" for table in tables)):
        client.query_and_wait(render(load(), f"{statement}.sql"))
    return fresh_world


@pytest.fixture
def indexed_world(small_world):
    """Vectors and a filled index over them."""
    publish(small_world, clustered(seed=1))
    small_world.rows(render(load(), "embed_images/create_vector_index.sql"))
    wait_until_filled(small_world)
    return small_world


def test_a_good_index_is_measured_and_left_alone(indexed_world):
    before, calls = index(indexed_world), indexed_world.emulator.last_call()
    run = indexed_world.run("maintain_vector_index", queries=50)
    assert run.state == "success"
    [measured] = measurements(indexed_world, run)
    assert measured["rebuilt"] is False
    assert measured["vector_index"] == "Ready: 100 % of the rows are indexed, the rest is searched exactly."
    assert (measured["image_queries"], measured["word_queries"]) == (50, 0)
    assert 0.9 < measured["image_recall"] <= 1
    assert measured["word_recall"] is None
    assert measured["drift"] == 0
    assert state(run, "rebuild_vector_index") == "skipped"
    assert index(indexed_world) == before
    assert indexed_world.emulator.last_call() == calls, "the model is not called"


def test_words_that_are_found_badly_fail_the_run_until_more_lists_are_searched(indexed_world, monkeypatch):
    search_for_words(indexed_world, 30)
    run = indexed_world.run("maintain_vector_index", queries=50)
    assert run.state == "failed"
    assert state(run, "check_recall") == "failed"
    [measured] = measurements(indexed_world, run)
    assert measured["word_queries"] == 30
    assert measured["word_recall"] < 0.9 < measured["image_recall"]

    monkeypatch.setenv("VITRINE_FRACTION_LISTS_TO_SEARCH", "0.9")
    del indexed_world.dagbag
    run = indexed_world.run("maintain_vector_index", queries=50)
    assert run.state == "success"
    [measured] = measurements(indexed_world, run)
    assert measured["fraction_lists_to_search"] == 0.9
    assert measured["word_recall"] > 0.9


@pytest.mark.parametrize("reservation", [False, True])
def test_an_index_from_which_the_images_have_moved_away_is_rebuilt(indexed_world, reservation):
    before = index(indexed_world)
    publish(indexed_world, clustered(seed=2, away=1.0))
    wait_until_filled(indexed_world)
    indexed_world.emulator.faults(background_reservation=reservation, index_build_seconds=2.0)
    run = indexed_world.run("maintain_vector_index", queries=20)
    assert run.state == "success"
    found, rebuilt = measurements(indexed_world, run)
    assert (found["rebuilt"], rebuilt["rebuilt"]) == (False, True)
    assert found["drift"] >= 0.3
    assert rebuilt["drift"] == 0
    assert rebuilt["image_recall"] > 0.9
    after = index(indexed_world)
    assert after["last_model_build_time"] > before["last_model_build_time"]
    assert (after["creation_time"] == before["creation_time"]) is reservation, "else it is replaced"


def test_a_person_may_rebuild_at_any_time_but_not_all_day(indexed_world):
    now = datetime.now(UTC).isoformat()
    rows = [
        {
            "run_id": str(number), "rebuilt": True, "model": "m", "vector_index": "Ready", "top_k": 10,
            "image_queries": 0, "word_queries": 0, "measured_at": now,
        }
        for number in range(4)
    ]  # fmt: skip
    table = load().table_id("index_health")
    indexed_world.emulator.bigquery.load_table_from_json(rows, table).result()
    run = indexed_world.run("maintain_vector_index", queries=20, rebuild=True)
    assert run.state == "success"
    assert [row["rebuilt"] for row in measurements(indexed_world, run)] == [False, True]
    run = indexed_world.run("maintain_vector_index", queries=20, rebuild=True)
    assert (run.state, state(run, "choose_rebuild")) == ("failed", "failed")
    assert state(run, "rebuild_vector_index") == "upstream_failed"


def test_a_disabled_index_is_written_down_and_searched_exactly(indexed_world):
    indexed_world.emulator.faults(disable_vector_indexes="The organisation is over its limit.")
    run = indexed_world.run("maintain_vector_index")
    assert run.state == "success"
    [measured] = measurements(indexed_world, run)
    assert "over its limit" in measured["vector_index"]
    assert (measured["image_recall"], measured["drift"]) == (None, None)


def test_without_rows_for_an_index_nothing_is_measured(small_world):
    run = small_world.run("maintain_vector_index")
    assert run.state == "success"
    assert state(run, "measure_recall") == "skipped"
    assert state(run, "check_recall") == "success"
    assert measurements(small_world, run) == []
