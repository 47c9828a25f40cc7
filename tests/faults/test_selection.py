"""Which images embed_images takes: by content, whatever they are called and however they were written."""

import io

import pytest
from PIL import Image

from tests.faults.images import photo

# Cloud Storage takes no carriage return and no line feed, but everything else.
# https://docs.cloud.google.com/storage/docs/objects#naming
DIFFICULT_NAMES = (
    "with space.jpg",
    'it\'s "quoted".jpg',
    "ünïcødé 写真 🖼.jpg",
    "100%25#1?.jpg",
    "back\\slash`tick.jpg",
    "two\u2028lines.jpg",
    "tab\there.jpg",
    "./a//b/../../up.jpg",
    "-- comment;.jpg",
)


def called(world, after: int) -> list[str]:
    """Images that the model was called for since, by name."""
    return sorted(call["uri"].removeprefix(f"gs://{world.bucket}/") for call in world.emulator.ledger(after))


def published(world) -> set[str]:
    """Names of the searchable images."""
    rows = world.rows("SELECT uri FROM met_image_embeddings")
    assert len(rows) == len({row["uri"] for row in rows})
    return {row["uri"].removeprefix(f"gs://{world.bucket}/") for row in rows}


def picture(format_name: str) -> bytes:
    """A tiny picture in a format."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, format_name)
    return buffer.getvalue()


@pytest.fixture
def world(fresh_world):
    """A world with three photos that are searchable."""
    fresh_world.upload({f"{number}.jpg": photo(number) for number in range(3)})
    fresh_world.prepare()
    assert fresh_world.run("embed_images").state == "success"
    return fresh_world


def test_a_touched_image_costs_nothing_and_its_metadata_follows(world):
    last = world.emulator.last_call()
    world.upload({"0.jpg": photo(0)})
    assert world.run("embed_images").state == "success"
    assert called(world, last) == []
    assert world.rows(
        "SELECT COUNT(*) AS images, COUNTIF(e.generation = o.generation AND e.updated = o.updated) AS fresh "
        "FROM met_image_embeddings AS e JOIN met_images AS o ON o.uri = e.uri"
    ) == [{"images": 3, "fresh": 3}]


def test_new_overwritten_and_restored_contents_are_each_paid_once(world):
    last = world.emulator.last_call()
    world.upload({"0.jpg": photo(100), "new.jpg": photo(101)})
    assert world.run("embed_images").state == "success"
    world.upload({"0.jpg": photo(0)})
    assert world.run("embed_images").state == "success"
    assert called(world, last) == ["0.jpg", "new.jpg"]
    assert world.rows(
        "SELECT COUNT(*) AS images FROM met_image_embeddings AS e JOIN met_images AS o "
        "ON o.uri = e.uri AND o.md5_hash = e.content_hash"
    ) == [{"images": 4}]


def test_difficult_names_and_composite_objects_are_images_like_others(world):
    world.upload({name: photo(1000 + number) for number, name in enumerate(DIFFICULT_NAMES)})
    bucket = world.emulator.storage.bucket(world.bucket)
    # A composite object has no MD5, so its generation stands for its content.
    composite = bucket.blob("composite.jpg")
    composite.content_type = "image/jpeg"
    composite.compose([bucket.blob("0.jpg")])
    last = world.emulator.last_call()
    for _ in range(2):
        assert world.run("embed_images").state == "success"
        assert called(world, last) == sorted(["composite.jpg", *DIFFICULT_NAMES])
    assert published(world) == {"0.jpg", "1.jpg", "2.jpg", "composite.jpg", *DIFFICULT_NAMES}


def test_other_types_are_taken_when_the_settings_say_so(world, monkeypatch):
    world.upload({"a.bmp": picture("BMP")}, "image/bmp")
    world.upload({"a.gif": picture("GIF")}, "image/gif")
    assert world.run("embed_images").state == "success"
    assert published(world) == {"0.jpg", "1.jpg", "2.jpg"}
    monkeypatch.setenv("VITRINE_CONTENT_TYPES", "image/jpeg,image/png,image/bmp,image/gif")
    del world.dagbag
    assert world.run("embed_images").state == "success"
    assert published(world) == {"0.jpg", "1.jpg", "2.jpg", "a.bmp", "a.gif"}
