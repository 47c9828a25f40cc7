"""Read Qt's binary resource archives (.rcc), in which Debian ships GCompris' pictures.

The format: https://doc.qt.io/qt-6/resources.html and qtbase/src/corelib/io/qresource.cpp (read 2026-11-22).
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

MAGIC = b"qres"
COMPRESSED_ZLIB = 0x01
DIRECTORY = 0x02


class ResourceArchive:
    """One .rcc file; `files()` yields every file in it."""

    def __init__(self, path: Path) -> None:
        self._bytes = path.read_bytes()
        if self._bytes[:4] != MAGIC:
            raise ValueError(f"{path} is not a Qt resource archive: it does not start with {MAGIC!r}")
        version, self._tree, self._data, self._names = struct.unpack_from(">4I", self._bytes, 4)
        # Version 2 added an 8-byte modification time to each node.
        self._node_size = 22 if version >= 2 else 14

    def files(self, node: int = 0, folder: str = "") -> Iterator[tuple[str, bytes]]:
        """Path inside the archive, with "/" first, and content of each file below a node (0: all)."""
        at = self._tree + node * self._node_size
        name_at, flags = struct.unpack_from(">IH", self._bytes, at)
        path = f"{folder}/{self._name(name_at)}" if node else ""
        if not flags & DIRECTORY:
            (data_at,) = struct.unpack_from(">I", self._bytes, at + 10)
            yield path, self._content(data_at, flags)
            return
        count, first = struct.unpack_from(">2I", self._bytes, at + 6)
        for child in range(first, first + count):
            yield from self.files(child, path)

    def _name(self, offset: int) -> str:
        start = self._names + offset
        (length,) = struct.unpack_from(">H", self._bytes, start)
        return self._bytes[start + 6 : start + 6 + 2 * length].decode("utf-16-be")

    def _content(self, offset: int, flags: int) -> bytes:
        start = self._data + offset
        (length,) = struct.unpack_from(">I", self._bytes, start)
        content = self._bytes[start + 4 : start + 4 + length]
        # A compressed file starts with its unpacked length, 4 bytes.
        return zlib.decompress(content[4:]) if flags & COMPRESSED_ZLIB else content
