"""maintain_vector_index over a real index: recall is measured, drift found and cured, in both ways."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tests.support.vectors import (
    DIMENSION,
    clustered,
    create_index,
    create_tables,
    index,
    publish,
    wait_until_filled,
)
from vitrine.collection import load


def search_for_words(world, number: int) -> None:
    """Leave as many embedded searches for words as search_images would; words lie elsewhere than images."""
    vectors = np.random.default_rng(7).normal(size=(number, DIMENSION)).tolist()
    rows = [
        {
            "search_id": str(word),
            "content": f"words {word}",
            "model": load()["met"].model.id,
            "ml_generate_embedding_result": vector,
            "ml_generate_embedding_status": "",
            "created_at": "2026-11-22T02:00:00Z",
        }
        for word, vector in enumerate(vectors)
    ]
    world.emulator.load(load()["met"].table_id("search_embedding"), rows)


def measurements(world, run) -> list[dict]:
    """What a run has written down, in order."""
    return world.rows(f"SELECT * FROM index_health WHERE run_id = '{run.run_id}' ORDER BY measured_at")


def state(run, task_id: str) -> str:
    """How a task ended."""
    return str(run.get_task_instance(task_id).state)


@pytest.fixture
def small_world(fresh_world, monkeypatch):
    """The tables that the DAG reads and writes, empty; a model is not needed."""
    monkeypatch.setenv("VITRINE_DIMENSION", str(DIMENSION))
    fresh_world.emulator.faults(index_build_seconds=0.0)
    create_tables(fresh_world.emulator)
    return fresh_world


@pytest.fixture
def indexed_world(small_world):
    """Vectors and a filled index over them."""
    publish(small_world.emulator, clustered(seed=1))
    create_index(small_world.emulator)
    return small_world


def test_a_good_index_is_measured_and_left_alone(indexed_world):
    before, calls = index(indexed_world.emulator), indexed_world.emulator.last_call()
    run = indexed_world.run("maintain_vector_index", queries=50)
    assert run.state == "success"
    [measured] = measurements(indexed_world, run)
    assert measured["rebuilt"] is False
    assert measured["vector_index"] == "Ready: 100 % of the rows are indexed."
    assert (measured["image_queries"], measured["word_queries"]) == (50, 0)
    assert 0.9 < measured["image_recall"] <= 1
    assert measured["word_recall"] is None
    assert measured["drift"] == 0
    assert state(run, "rebuild_vector_index") == "skipped"
    assert index(indexed_world.emulator) == before
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
    before = index(indexed_world.emulator)
    publish(indexed_world.emulator, clustered(seed=2, away=1.0))
    wait_until_filled(indexed_world.emulator)
    indexed_world.emulator.faults(background_reservation=reservation, index_build_seconds=2.0)
    run = indexed_world.run("maintain_vector_index", queries=20)
    assert run.state == "success"
    found, rebuilt = measurements(indexed_world, run)
    assert (found["rebuilt"], rebuilt["rebuilt"]) == (False, True)
    assert found["drift"] >= 0.3
    assert rebuilt["drift"] == 0
    assert rebuilt["image_recall"] > 0.9
    after = index(indexed_world.emulator)
    assert after["last_model_build_time"] > before["last_model_build_time"]
    assert (after["creation_time"] == before["creation_time"]) is reservation, "else it is replaced"


def test_a_person_may_rebuild_at_any_time_but_not_all_day(indexed_world):
    now = datetime.now(UTC).isoformat()
    rows = [
        {
            "run_id": str(number),
            "rebuilt": True,
            "model": "m",
            "vector_index": "Ready",
            "top_k": 10,
            "image_queries": 0,
            "word_queries": 0,
            "measured_at": now,
        }
        for number in range(4)
    ]
    indexed_world.emulator.load(load()["met"].table_id("index_health"), rows)
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
