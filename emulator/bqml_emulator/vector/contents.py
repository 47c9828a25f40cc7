"""The vectors that an indexed table holds now.

Vectors are recognised by the hash of their content. The number of a row tells its vector only as long as the
stamp is the same: DuckDB numbers rows anew after deletions, in their order, so that the last number changes.
"""

from dataclasses import dataclass

import numpy as np
from local_bigquery.engine import database
from local_bigquery.engine.database import quote

from bqml_emulator.billing import vector_bytes
from bqml_emulator.core import limits
from bqml_emulator.engine import table_changes
from bqml_emulator.vector.catalog import VectorIndex, table_name


@dataclass(frozen=True)
class Contents:
    """The vectors of a table's column: UINT64 hashes ascending, how many rows have each, all rows, bytes.

    row_ids and row_hashes: INT64 and UINT64 [rows], DuckDB's number of each row and the hash of its vector.
    """

    hashes: np.ndarray
    counts: np.ndarray
    rows: int
    bytes: int
    row_ids: np.ndarray
    row_hashes: np.ndarray

    @property
    def too_small(self) -> bool:
        return self.bytes < limits.INDEX_MIN_BYTES


_contents: dict[str, tuple[tuple, Contents]] = {}


def stamp(index: VectorIndex) -> tuple:
    """Changes whenever the table's vectors may have changed; costs a millisecond."""
    return table_changes.stamp(index.reference)


def contents(index: VectorIndex) -> Contents:
    """The vectors that the table holds now (read again only when the stamp says so)."""
    seen = stamp(index)
    kept = _contents.get(index.id)
    if kept and kept[0] == seen:
        return kept[1]
    with database.cursor() as cursor:
        found = cursor.execute(
            f"SELECT rowid AS r, hash({quote(index.column)}) AS h FROM {table_name(index)}"
        ).fetchnumpy()
        size = vector_bytes.logical_bytes(cursor, table_name(index))
    row_ids, row_hashes = np.asarray(found["r"], dtype=np.int64), np.asarray(found["h"], dtype=np.uint64)
    hashes, counts = np.unique(row_hashes, return_counts=True)
    result = Contents(hashes, counts, row_ids.size, size, row_ids, row_hashes)
    _contents[index.id] = seen, result
    return result


def forget(known: set[str]):
    """Free what is kept for indexes that exist no more."""
    for gone in [id_ for id_ in _contents if id_ not in known]:
        _contents.pop(gone, None)
