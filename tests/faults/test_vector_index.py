"""embed_images and the vector index: too small, built once, never filled, disabled."""

import pytest

from tests.faults.images import tiny_png

BACKFILL = 25_001


def task(run, task_id: str):
    """One task instance of a run."""
    return run.get_task_instance(task_id)


def outcome(world, run) -> str:
    """What the run's report says of the index."""
    [row] = world.rows(f"SELECT vector_index FROM embedding_runs WHERE run_id = '{run.run_id}'")
    return row["vector_index"]


@pytest.fixture
def small_world(fresh_world, monkeypatch):
    """128 numbers a vector (8 bytes each), from a hash: thousands of images in seconds."""
    monkeypatch.setenv("VITRINE_DIMENSION", "128")
    monkeypatch.setenv("VITRINE_CONTENT_TYPES", "image/png")
    # All with all would take the embedded BigQuery minutes.
    monkeypatch.setenv("VITRINE_DUPLICATE_DISTANCE", "0")
    fresh_world.emulator.faults(hash_model=True, index_build_seconds=2.0)
    return fresh_world


def fill(world, images: int, start: int = 0) -> None:
    """Upload images to a world."""
    world.upload({f"{number:05}.png": tiny_png(number) for number in range(start, images)}, "image/png")


def test_a_back_fill_of_25001_images_is_one_batch_a_lane_and_gets_one_index(small_world):
    fill(small_world, BACKFILL)
    small_world.prepare()

    run = small_world.run("embed_images")

    assert run.state == "success"
    sizes = small_world.rows(
        "SELECT COUNT(*) AS images FROM embedding_batches GROUP BY batch_number ORDER BY 1 DESC"
    )
    assert [row["images"] for row in sizes] == [8_334, 8_334, 8_333]
    [counted] = small_world.rows(
        "SELECT COUNT(*) AS images, COUNT(DISTINCT uri) AS uris FROM met_image_embeddings"
    )
    assert counted == {"images": BACKFILL, "uris": BACKFILL}
    assert outcome(small_world, run).startswith("Ready: ")
    created = small_world.rows(
        f"SELECT creation_time FROM {small_world.dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES"
    )

    fill(small_world, BACKFILL + 10, start=BACKFILL)
    assert small_world.run("embed_images").state == "success"
    again = small_world.rows(
        f"SELECT creation_time FROM {small_world.dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES"
    )
    assert again == created, "the index is created once"

    small_world.emulator.faults(disable_vector_indexes="The organisation is over its limit of indexed bytes.")
    disabled = small_world.run("embed_images")
    assert disabled.state == "failed"
    assert str(task(disabled, "vector_index.wait_for_vector_index").state) == "failed"
    assert str(task(disabled, "report_run").state) == "failed"
    assert "over its limit" in outcome(small_world, disabled)


def test_a_table_under_ten_megabytes_gets_an_index_that_is_never_waited_for(small_world):
    fill(small_world, 5_000)
    small_world.prepare()
    run = small_world.run("embed_images")
    assert run.state == "success"
    assert "Too small to be filled" in outcome(small_world, run)


def test_under_5000_rows_there_is_no_index_and_the_run_says_why(small_world):
    fill(small_world, 20)
    small_world.prepare()
    run = small_world.run("embed_images")
    assert run.state == "success"
    assert outcome(small_world, run) == "Too small for an index: 20 of 5,000 rows; search is exact."
    assert str(task(run, "vector_index.create_vector_index").state) == "success"
    indexes = f"SELECT index_name FROM {small_world.dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES"
    assert small_world.rows(indexes) == []
