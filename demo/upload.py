"""Puts folders of pictures into buckets of the local storage; by itself, the demo images for `make up`."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from PIL import Image

from vitrine.collection import Collection, bucket_of, load

DEMO_COLLECTION = "met"
DEMO_IMAGES = Path(__file__).parent / "images"
# What the model takes, by Pillow's names of it.
CONTENT_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "BMP": "image/bmp", "GIF": "image/gif"}
# https://docs.cloud.google.com/storage/docs/objects#naming, read 2026-08-22.
MAX_OBJECT_NAME_BYTES = 1024
PROGRESS_PICTURES = 500


@dataclass(frozen=True)
class Picture:
    """A file, and the object it becomes."""

    path: Path
    name: str
    content_type: str


@dataclass(frozen=True)
class Folder:
    """The pictures of a folder and of those below it, and how many other files lie beside them."""

    pictures: list[Picture]
    skipped: int

    @classmethod
    def read(cls, folder: Path) -> Folder:
        """Look at every file that is not hidden: thumbnails of the desktop are nobody's pictures."""
        paths = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
        found = [
            Picture(path, name.as_posix(), content_type(path) if is_object_name(name.as_posix()) else "")
            for name, path in paths.items()
            if not any(part.startswith(".") for part in name.parts)
        ]
        pictures = [picture for picture in found if picture.content_type]
        return cls(pictures, len(found) - len(pictures))


def content_type(path: Path) -> str:
    """What the file begins as, whatever it is called; empty where that is no picture."""
    try:
        with Image.open(path, formats=[*CONTENT_TYPES]) as image:
            # A phone's JPEG with a second picture inside is an MPO file to Pillow.
            return CONTENT_TYPES.get(image.format or "", "image/jpeg")
    except Exception:  # noqa: BLE001  Pillow's decoders raise whatever the broken bytes lead them into
        return ""


def is_object_name(name: str) -> bool:
    """Say whether Cloud Storage takes an object of this name."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # a file system's name that is no text
        return False
    return size <= MAX_OBJECT_NAME_BYTES and not set(name) & set("\r\n")


def upload(name: str, pictures: list[Picture], *, mirror: bool = False) -> str:
    """Upload the pictures that are not there yet, or not as they are here; say what was done.

    :param mirror: delete every other object of the bucket.
    """
    client = Client(project=os.environ["GOOGLE_CLOUD_PROJECT"], credentials=AnonymousCredentials())
    bucket = client.bucket(name) if client.bucket(name).exists() else client.create_bucket(name)
    there = {blob.name: blob.md5_hash for blob in client.list_blobs(bucket)}
    new = [picture for picture in pictures if there.get(picture.name) != md5(picture.path)]
    for number, picture in enumerate(new, start=1):
        bucket.blob(picture.name).upload_from_filename(picture.path, content_type=picture.content_type)
        if number % PROGRESS_PICTURES == 0:
            print(f"{number:,} of {len(new):,} images uploaded", flush=True)
    gone = there.keys() - {picture.name for picture in pictures} if mirror else set()
    for object_name in gone:
        bucket.blob(object_name).delete()
    done = f"{len(new):,} uploaded now" + (f", {len(gone):,} deleted" if mirror else "")
    return f"{len(pictures):,} images in gs://{name} ({done})"


def make_buckets(collection: Collection) -> None:
    """Make the buckets of a collection's galleries and of its uploads, where it has them."""
    for place in (collection.gallery, collection.uploads):
        if place.startswith("gs://"):
            upload(bucket_of(place), [])


def upload_demo_images() -> str:
    """Upload what is new of the demo images into the bucket of their collection; say what was done."""
    collections = {collection.name: collection for collection in load().collections}
    if DEMO_COLLECTION not in collections:
        return f"No collection is called {DEMO_COLLECTION}: the demo images are not uploaded."
    collection = collections[DEMO_COLLECTION]
    make_buckets(collection)
    return upload(collection.buckets[0], Folder.read(DEMO_IMAGES).pictures)


def md5(path: Path) -> str:
    """MD5 as Cloud Storage reports it."""
    with path.open("rb") as file:
        return base64.b64encode(hashlib.file_digest(file, hashlib.md5).digest()).decode()


def main() -> int:
    """Upload the demo images, to the local storage only."""
    if "STORAGE_EMULATOR_HOST" not in os.environ:
        print(
            "The demo's images go to no bucket of Google's. Set BIGQUERY=demo in .env, or use make.",
            file=sys.stderr,
        )
        return 1
    print(upload_demo_images())
    return 0


if __name__ == "__main__":
    sys.exit(main())
