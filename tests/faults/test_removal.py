"""embed_images when images are deleted from the bucket."""

import pytest

from tests.faults.images import photo

IMAGES = 20


@pytest.fixture
def world(fresh_world):
    """A world with 20 published photos."""
    fresh_world.upload({f"{number:02}.jpg": photo(number) for number in range(IMAGES)})
    fresh_world.prepare()
    assert fresh_world.run("embed_images").state == "success"
    return fresh_world


def delete(world, *numbers: int) -> None:
    """Delete photos from the bucket."""
    bucket = world.emulator.storage.bucket(world.bucket)
    bucket.delete_blobs([bucket.blob(f"{number:02}.jpg") for number in numbers])


def published(world) -> int:
    """How many images are searchable."""
    [row] = world.rows("SELECT COUNT(*) AS images FROM met_image_embeddings")
    return row["images"]


def test_images_gone_from_the_bucket_leave_the_searchable_table(world):
    delete(world, 3, 4)
    run = world.run("embed_images")
    assert run.state == "success"
    assert published(world) == IMAGES - 2
    assert world.rows(f"SELECT removed FROM embedding_runs WHERE run_id = '{run.run_id}'") == [{"removed": 2}]


def test_a_mass_deletion_is_stopped_until_a_person_allows_it(world):
    delete(world, *range(3))
    stopped = world.run("embed_images")
    assert stopped.state == "failed"
    assert published(world) == IMAGES
    assert str(stopped.get_task_instance("sync_bucket").state) == "failed"

    assert world.run("embed_images", allow_mass_delete=True).state == "success"
    assert published(world) == IMAGES - 3


def test_an_image_that_comes_back_is_not_paid_again(world):
    delete(world, 3)
    assert world.run("embed_images").state == "success"
    last = world.emulator.last_call()
    world.upload({"03.jpg": photo(3)})
    assert world.run("embed_images").state == "success"
    assert published(world) == IMAGES
    assert world.emulator.last_call() == last
