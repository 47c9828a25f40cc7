"""Very many objects in the local storage, quickly: written as the files that fake-gcs-server keeps."""

import base64
import hashlib
import json
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

ATTRIBUTE = "user.metadata"
FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def write_objects(folder: Path, contents: Iterable[tuple[str, bytes]], content_type: str) -> None:
    """Write objects, by name and bytes, as files of the storage's folder of a bucket.

    An upload costs a millisecond and a flush to disk. The storage keeps an object as a file of its name whose
    extended attribute is its metadata, and reads both at every request, so files may be put there meanwhile.
    Errors: OSError where the file system has no extended attributes.
    """
    folder.mkdir(parents=True)
    for name, data in contents:
        path = folder / name
        path.write_bytes(data)
        os.setxattr(path, ATTRIBUTE, json.dumps(_attributes(data, content_type)).encode())


def _attributes(data: bytes, content_type: str) -> dict[str, object]:
    now = datetime.now(UTC).strftime(FORMAT)
    return {
        "ContentType": content_type,
        "Md5Hash": base64.b64encode(hashlib.md5(data).digest()).decode(),
        "Created": now,
        "Updated": now,
        "Generation": time.time_ns() // 1000,
    }
