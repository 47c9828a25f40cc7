"""Bytes on their way into the storage: written to a file, counted and hashed as they come."""

import base64
import hashlib
import os
import secrets
from pathlib import Path
from typing import Self

import google_crc32c

BUFFER = 1024 * 1024


class Content:
    """A file in `folder` that becomes an object's, or goes; `name` goes on with one that is there already."""

    def __init__(self, folder: Path, name: str = ""):
        self._path = folder / (name or secrets.token_hex(8))
        self._file = self._path.open("ab", buffering=0)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc32c = google_crc32c.Checksum()
        self.size = 0
        with self._path.open("rb") as before:
            while data := before.read(BUFFER):
                self._count(data)

    def write(self, data: bytes):
        """Append; after an OSError it is as it was before."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError:
            self._file.truncate(self.size)
            self._file.seek(self.size)
            raise
        self._count(data)

    def _count(self, data: bytes):
        self._md5.update(data)
        self._crc32c.update(data)
        self.size += len(data)

    def read_from(self, path: Path) -> Self:
        """Append a file's content."""
        with path.open("rb") as source:
            while data := source.read(BUFFER):
                self.write(data)
        return self

    @property
    def md5(self) -> str:
        return base64.b64encode(self._md5.digest()).decode()

    @property
    def crc32c(self) -> str:
        return base64.b64encode(self._crc32c.digest()).decode()

    def move(self, target: Path):
        """Put the file where it stays."""
        self._file.close()
        os.rename(self._path, target)

    def discard(self):
        """Nothing is to become of it; does nothing once it was moved."""
        self._file.close()
        self._path.unlink(missing_ok=True)
