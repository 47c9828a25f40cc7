"""The vectors that an indexed table holds now.

Vectors are recognised by the hash of their content, never by row number, because DuckDB numbers rows anew
after deletions.
"""

from dataclasses import dataclass

import numpy as np
from local_bigquery.engine import database
from local_bigquery.engine.database import quote

from bqml_emulator.billing import vector_bytes
from bqml_emulator.core import limits
from bqml_emulator.engine import table_versions
from bqml_emulator.vector.catalog import VectorIndex, table_name


@dataclass(frozen=True)
class Contents:
    """The vectors of a table's column: UINT64 hashes ascending, how many rows have each, all rows, bytes."""

    hashes: np.ndarray
    counts: np.ndarray
    rows: int
    bytes: int

    @property
    def too_small(self) -> bool:
        return self.bytes < limits.INDEX_MIN_BYTES


_contents: dict[str, tuple[tuple, Contents]] = {}


def stamp(index: VectorIndex) -> tuple:
    """Changes whenever the table's vectors may have changed; costs a millisecond."""
    return table_versions.stamp(index.reference)


def contents(index: VectorIndex) -> Contents:
    """The vectors that the table holds now (read again only when the stamp says so)."""
    seen = stamp(index)
    kept = _contents.get(index.id)
    if kept and kept[0] == seen:
        return kept[1]
    with database.cursor() as cursor:
        found = cursor.execute(
            f"SELECT hash({quote(index.column)}) AS h, count(*) AS n FROM {table_name(index)} "
            "GROUP BY h ORDER BY h"
        ).fetchnumpy()
        size = vector_bytes.logical_bytes(cursor, table_name(index))
    hashes, counts = np.asarray(found["h"], dtype=np.uint64), np.asarray(found["n"], dtype=np.int64)
    result = Contents(hashes, counts, int(counts.sum()), size)
    _contents[index.id] = seen, result
    return result


def forget(known: set[str]):
    """Free what is kept for indexes that exist no more."""
    for gone in [id_ for id_ in _contents if id_ not in known]:
        _contents.pop(gone, None)
