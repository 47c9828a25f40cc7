"""The demo's pictures are what their manifest says: free, credited, small and readable."""

import csv
import hashlib
import re
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

DEMO = Path(__file__).parents[2] / "demo"
IMAGES = DEMO / "images"
LARGEST_SET = 6_000_000  # bytes
LONGEST_SIDE = 320  # pixels


@cache
def rows():
    with (DEMO / "ATTRIBUTION.csv").open(newline="", encoding="utf-8") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def files():
    return {path.relative_to(IMAGES).as_posix(): path for path in IMAGES.rglob("*") if path.is_file()}


def test_every_picture_has_a_row_and_every_row_a_picture():
    assert files().keys() == rows().keys()
    assert len(rows()) > 200


def test_pictures_are_the_ones_credited():
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files().items()}
    assert hashes == {name: row["sha256"] for name, row in rows().items()}


@pytest.mark.parametrize("column", ["title", "license", "author", "source", "package", "path"])
def test_credits_are_complete(column):
    assert [name for name, row in rows().items() if not row[column].strip()] == []


def test_only_free_licences():
    assert {row["license"] for row in rows().values()} == {"CC0-1.0", "Public domain"}


def test_changes_are_stated():
    assert {row["change"] for name, row in rows().items() if name.startswith("photos/")} == {""}
    recoloured = {row["change"] for row in rows().values()} - {""}
    assert all(re.fullmatch(r"recoloured \w+", change) for change in recoloured)


def test_the_set_is_small():
    assert sum(path.stat().st_size for path in files().values()) <= LARGEST_SET


def test_every_picture_is_a_readable_jpeg_of_bounded_size():
    for name, path in files().items():
        with Image.open(path) as image:
            image.load()
            assert (image.format, image.mode) == ("JPEG", "RGB"), name
            assert 30 < max(image.size) <= LONGEST_SIDE, (name, image.size)


def test_names_are_plain_object_names():
    assert [
        name for name in files() if not re.fullmatch(r"(photos|drawings)/[a-z0-9]+(-[a-z0-9]+)*\.jpg", name)
    ] == []
