"""Puts the demo images into the bucket of the local object table; `make up` and `make demo` run it."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

IMAGES = Path(__file__).parent / "images"


def upload_new_images() -> str:
    """Upload the images that are not there yet, or not as they are here; say what was done."""
    client = storage.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"], credentials=AnonymousCredentials())
    name = os.environ["VITRINE_OBJECT_URIS"].removeprefix("gs://").partition("/")[0]
    bucket = client.bucket(name) if client.bucket(name).exists() else client.create_bucket(name)
    there = {blob.name: blob.md5_hash for blob in client.list_blobs(bucket)}
    images = sorted(IMAGES.rglob("*.jpg"))
    new = [path for path in images if there.get(object_name(path)) != md5(path)]
    for path in new:
        bucket.blob(object_name(path)).upload_from_filename(path, content_type="image/jpeg")
    return f"{len(images)} images in gs://{name} ({len(new)} uploaded now)"


def object_name(path: Path) -> str:
    """Name in the bucket of a demo image."""
    return path.relative_to(IMAGES).as_posix()


def md5(path: Path) -> str:
    """MD5 as Cloud Storage reports it."""
    return base64.b64encode(hashlib.md5(path.read_bytes(), usedforsecurity=False).digest()).decode()


if __name__ == "__main__":
    print(upload_new_images())
