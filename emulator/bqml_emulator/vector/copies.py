"""The vectors of an indexed table once more, list by list, so that a search by index reads no others.

DuckDB reads a table by the 2,048 rows; the rows of a list are scattered over all of them. A copy is found by
the hash of its content, so it can never be that of another vector; what the table holds, and which row has
which vector, is not known here. Without a copy a vector is searched in the table, as one that is not indexed.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from local_bigquery.settings import settings

from bqml_emulator.vector import build
from bqml_emulator.vector.catalog import VectorIndex
from bqml_emulator.vector.lists import Lists

FOLDER = "vector_copies"
FLOAT64_BYTES = 8
HOLE = 0  # in place of a hash: no vector was there when it was to be copied
SPARE_ROWS = 10_000  # of copies that nothing asks for any more, besides as many as are asked for


@dataclass(frozen=True)
class Copies:
    """An immutable state of the copies: FLOAT64 rows of a file that is only appended to, never cut.

    order: UINT64 [n] hashes in the order of the file.
    """

    path: Path
    dimension: int
    order: np.ndarray

    @cached_property
    def _sorted(self) -> np.ndarray:
        return np.argsort(self.order, kind="stable")

    @cached_property
    def vectors(self) -> np.ndarray:
        """FLOAT64 [n, dimension], read from the disk where it is looked at; OSError when the file is gone."""
        shape = (self.order.size, self.dimension)
        if not self.order.size:
            return np.empty(shape)
        return np.memmap(self.path, dtype=np.float64, mode="r", shape=shape)

    def places(self, hashes: np.ndarray) -> np.ndarray:
        """Where each vector is in the file, INT64; -1 where it is not."""
        if not self.order.size:
            return np.full(hashes.shape, -1, dtype=np.int64)
        ascending = self.order[self._sorted]
        at = np.minimum(np.searchsorted(ascending, hashes), ascending.size - 1)
        return np.where((ascending[at] == hashes) & (hashes != HOLE), self._sorted[at], -1)


_copies: dict[str, Copies] = {}


def of(index: VectorIndex, dimension: int) -> Copies:
    """The copies of an index, read from the disk the first time."""
    found = _copies.get(index.id)
    if found is None or found.dimension != dimension:
        if found is not None:
            _delete(found.path)
        path = settings.data_dir / FOLDER / f"{index.path.stem}.{dimension}.vectors"
        found = Copies(path, dimension, _read_hashes(path, dimension))
        _copies[index.id] = found
    return found


def _hashes(path: Path) -> Path:
    return path.with_suffix(".hashes")


def _read_hashes(path: Path, dimension: int) -> np.ndarray:
    """The hashes in the order of the file; none when it has not all of their vectors."""
    try:
        found, size = np.fromfile(_hashes(path), dtype=np.uint64), path.stat().st_size
    except OSError:
        return np.empty(0, dtype=np.uint64)
    return found if size >= found.size * dimension * FLOAT64_BYTES else found[:0]


def copy(index: VectorIndex, built: Lists):
    """Copy what the lists hold and is not copied yet, the vectors of a list side by side."""
    found = of(index, built.dimension)
    if found.order.size > 2 * built.hashes.size + SPARE_ROWS:
        _delete(found.path)  # who reads it now still can
        found = Copies(found.path, found.dimension, np.empty(0, dtype=np.uint64))
    missing = np.setdiff1d(built.hashes, found.order)
    if missing.size:
        lists = built.lists_of(missing, np.inf)
        _copies[index.id] = _append(index, found, missing[np.argsort(lists, kind="stable")])


def _append(index: VectorIndex, found: Copies, missing: np.ndarray) -> Copies:
    order, place_of = np.zeros_like(missing), np.argsort(missing, kind="stable")
    ascending, size = missing[place_of], found.dimension * FLOAT64_BYTES
    found.path.parent.mkdir(parents=True, exist_ok=True)
    with found.path.open("r+b" if found.order.size else "w+b") as file:
        for hashes, vectors in build.vectors(index, found.dimension):
            at = np.minimum(np.searchsorted(ascending, hashes), ascending.size - 1)
            for row in np.flatnonzero(ascending[at] == hashes):
                place = place_of[at[row]]
                os.pwrite(file.fileno(), vectors[row].tobytes(), (found.order.size + int(place)) * size)
                order[place] = hashes[row]
        os.ftruncate(file.fileno(), (found.order.size + missing.size) * size)  # holes at the end count, too
        os.fsync(file.fileno())
    with _hashes(found.path).open("r+b" if found.order.size else "w+b") as file:
        file.seek(found.order.nbytes)
        file.write(order.tobytes())
    return Copies(found.path, found.dimension, np.concatenate([found.order, order]))


def _delete(path: Path):
    _hashes(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def forget(index: VectorIndex):
    """Delete the copies of an index that holds nothing any more."""
    if found := _copies.pop(index.id, None):
        _delete(found.path)


def tidy(ids: set[str], names: set[str]):
    """Delete the copies of indexes that exist no more; the others have these ids and files of these names."""
    for gone in [id_ for id_ in _copies if id_ not in ids]:
        _copies.pop(gone, None)
    stems = {Path(name).stem for name in names}
    for path in (settings.data_dir / FOLDER).glob("*.vectors"):
        if path.name.split(".")[0] not in stems:
            _delete(path)
