"""The bucket changes while a run reads it: a vector belongs to the bytes that are there, and none is paid twice."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.images import photo


def run_while_held(bucket, held: list[str], others: int, change):
    """A run in which `change` happens after the bucket was listed and before the model reads these images.

    :param others: images of the same batch, whose calls tell that the batch is at work.
    """
    emulator = bucket.world.emulator
    before = emulator.last_call()
    emulator.faults(held_uris=[bucket.uri(name) for name in held])

    def meanwhile():
        try:
            emulator.wait_for_call(before + others)
            change()
        finally:
            emulator.faults(held_uris=[])

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(meanwhile)
        run = bucket.world.run("embed_images")
        waiting.result()
    return run


@pytest.fixture
def bucket(hashed):
    """Three photos, set up for search; 0.jpg and 1.jpg will not stay as they are."""
    hashed.put({f"{number}.jpg": photo(number) for number in range(3)})
    hashed.world.prepare()
    return hashed


def overwrite_and_delete(bucket):
    """What happens to them."""
    bucket.put({"0.jpg": photo(100)})
    bucket.delete("1.jpg")


def test_an_image_overwritten_or_deleted_before_it_is_read_is_neither_broken_nor_paid_twice(bucket):
    run = run_while_held(bucket, ["0.jpg", "1.jpg"], 1, lambda: overwrite_and_delete(bucket))

    assert run.state == "success"
    assert bucket.quarantined() == []
    figures = bucket.report(run, "planned", "published", "changed", "vanished", "pending", "quarantined")
    assert figures == {
        "planned": 3,
        "published": 1,
        "changed": 1,
        "vanished": 1,
        "pending": 0,
        "quarantined": 0,
    }
    assert bucket.paid() == {hashlib.sha256(photo(2)).hexdigest(): 1}

    bucket.put({"0.jpg": photo(0), "1.jpg": photo(1)})
    assert bucket.world.run("embed_images").state == "success"
    bucket.check_vectors()
    assert bucket.quarantined() == []
    assert bucket.paid() == {hashlib.sha256(photo(number)).hexdigest(): 1 for number in range(3)}


def test_nothing_wrong_lasts_where_the_model_reads_newer_bytes_than_were_listed(bucket):
    """The vector of the newer bytes stands for the listed ones, until a listing shows that these have moved on: it
    serves neither the same image, when it is put back, nor a copy of it."""
    bucket.world.emulator.faults(reads_newest_generation=True)
    run = run_while_held(bucket, ["0.jpg"], 2, lambda: bucket.put({"0.jpg": photo(100)}))
    assert run.state == "success"
    assert bucket.quarantined() == []

    bucket.put({"0.jpg": photo(0), "copy.jpg": photo(0)})
    assert bucket.world.run("embed_images").state == "success"
    bucket.check_vectors()
    assert set(bucket.paid().values()) == {1}


def test_equal_bytes_are_paid_once_whatever_their_names_and_wherever_they_move(hashed):
    hashed.put({"in/a.jpg": photo(1), "in/b.jpg": photo(1), "in/c.jpg": photo(1), "in/d.jpg": photo(2)})
    hashed.world.prepare()
    before = hashed.world.emulator.last_call()

    run = hashed.world.run("embed_images")

    assert run.state == "success"
    assert len(hashed.calls(before)) == 2
    assert hashed.report(run, "planned", "published") == {"planned": 4, "published": 4}
    hashed.check_vectors()

    last = hashed.world.emulator.last_call()
    hashed.rename({f"in/{name}.jpg": f"out/{name}.jpg" for name in "abcd"})
    hashed.put({"a copy.jpg": photo(2)})
    assert hashed.world.run("embed_images", allow_mass_delete=True).state == "success"
    assert hashed.calls(last) == []
    hashed.check_vectors()
    assert len(hashed.published()) == 5
