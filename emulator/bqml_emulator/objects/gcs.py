"""Cloud Storage as BigQuery's service accounts see it: list objects, read one object's bytes."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_bigquery.errors import BigQueryError

from bqml_emulator.storage.errors import StorageError
from bqml_emulator.storage.names import after
from bqml_emulator.storage.store import Object, Store


class ObjectError(Exception):
    """An object that cannot be read; `code` is the HTTP status that Cloud Storage answers."""

    def __init__(self, uri: str, code: int):
        super().__init__(f"{uri}: HTTP {code}")
        self.code = code


@dataclass(frozen=True)
class Content:
    """The beginning of an answer: what the object claims to be, and its bytes unless it was too large."""

    content_type: str
    size: int
    data: bytes | None


_folder: Path


def open_at(objects_dir: Path):
    """Know where the storage keeps its objects."""
    global _folder  # noqa: PLW0603  one storage for the process, known at its start
    _folder = objects_dir


@functools.cache
def store() -> Store:
    """The same store that the storage's own process serves, without a way through HTTP."""
    return Store(_folder)


def split(uri: str) -> tuple[str, str]:
    """gs://bucket/name as (bucket, name); BigQueryError names a uri of another shape."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not bucket:
        raise BigQueryError("invalid", f"Invalid Cloud Storage URI {uri!r}: write gs://bucket/path")
    return bucket, name


def version(bucket: str) -> int | None:
    """A number that changes with the bucket's objects; None: there is no such bucket."""
    try:
        return store().bucket(bucket).changed
    except StorageError:
        return None


def objects(pattern: str) -> Iterator[Object]:
    """Live objects whose name matches `gs://bucket/path`, where one `*` stands for any characters."""
    bucket, path = split(pattern)
    prefix, wildcard, suffix = path.partition("*")
    if version(bucket) is None:
        raise BigQueryError("notFound", f"Not found: URI {pattern}")
    for found in store().rows(bucket, (prefix, -1), after(prefix) if prefix else None):
        if found.name == path or (wildcard and _fits(found.name, prefix, suffix)):
            yield found


def _fits(name: str, prefix: str, suffix: str) -> bool:
    return len(name) >= len(prefix) + len(suffix) and name.startswith(prefix) and name.endswith(suffix)


def find(uri: str, generation: int | None = None) -> Object:
    """An object, of one generation or as it is now; ObjectError when there is none."""
    try:
        return store().get(*split(uri), generation)
    except StorageError as error:
        raise ObjectError(uri, error.code) from error


def read(uri: str, max_bytes: int | None, generation: int | None = None) -> Content:
    """Type, size and bytes of an object, of one generation or as it is now; a larger one is not read.

    ObjectError when it cannot be had, 404 for a generation that the bucket has not kept.
    """
    data = None
    try:
        found = store().get(*split(uri), generation)
        while data is None and (max_bytes is None or found.size <= max_bytes):
            try:
                data = store().path(found).read_bytes()
            except FileNotFoundError:  # overwritten or deleted between the two
                found = store().get(*split(uri), generation)
    except StorageError as error:
        raise ObjectError(uri, error.code) from error
    content_type = (found.content_type or "").partition(";")[0].strip().lower()
    return Content(content_type, found.size, data)
