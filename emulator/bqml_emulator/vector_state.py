"""What a vector index holds compared with its table: coverage, unindexed rows, states.

The table is the truth. Vectors are recognised by the hash of their content, never by row number, because
DuckDB numbers rows anew after deletions.
"""

import collections
import threading
import time
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from local_bigquery.catalog import tables
from local_bigquery.engine import database
from local_bigquery.engine.database import quote

from bqml_emulator import faults, limits, vector_bytes
from bqml_emulator.vector_catalog import VectorIndex, table_name
from bqml_emulator.vector_lists import UNINDEXED, Lists, load

ACTIVE, TEMPORARILY_DISABLED = "ACTIVE", "TEMPORARILY DISABLED"


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


@dataclass(frozen=True)
class Status:
    """An index as INFORMATION_SCHEMA shows it; times are seconds since the epoch."""

    state: str
    coverage_percentage: int
    unindexed_rows: int
    indexed_rows: int
    too_small: bool
    disable_time: float | None = None
    disable_reason: str | None = None
    last_refresh: float | None = None

    @property
    def usable(self) -> bool:
        """BigQuery: "0% means the index is not usable in a VECTOR_SEARCH query"."""
        return self.coverage_percentage > 0


_lock = threading.Lock()
_lists: dict[str, Lists | None] = {}
_contents: dict[str, tuple[tuple, Contents]] = {}
_disabled_since: dict[tuple[str, str], float] = {}
_writes = collections.Counter()


def lists(index: VectorIndex) -> Lists | None:
    """The lists of an index, read from disk the first time; None before the first build."""
    with _lock:
        if index.id not in _lists:
            _lists[index.id] = load(index.path)
        return _lists[index.id]


def publish(index: VectorIndex, built: Lists):
    """Make new lists those of the index, in memory and on disk."""
    built.save(index.path)
    with _lock:
        _lists[index.id] = built


def forget(known: set[str]):
    """Free what is kept for indexes that exist no more."""
    with _lock:
        for store in (_lists, _contents):
            for gone in [id_ for id_ in store if id_ not in known]:
                del store[gone]


def wrote(table: tuple[str, str, str] | None):
    """Note that a statement may have changed a table; None: any table (a transaction ended)."""
    _writes[table and tuple(part.casefold() for part in table)] += 1


def stamp(index: VectorIndex) -> tuple:
    """Changes whenever the table's vectors may have changed; costs a millisecond."""
    writes = _writes[None], _writes[tuple(part.casefold() for part in index.reference)]
    oids = database.fetch(
        "SELECT table_oid FROM duckdb_tables() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ?",
        list(tables.physical(*index.reference)),
    )
    rows = database.fetch(f"SELECT count(*), max(rowid) FROM {table_name(index)}")
    return writes, oids, rows


def contents(index: VectorIndex) -> Contents:
    """The vectors that the table holds now (read again only when the stamp says so)."""
    seen = stamp(index)
    if index.id in _contents and _contents[index.id][0] == seen:
        return _contents[index.id][1]
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


def status(index: VectorIndex) -> Status:
    """The state of an index at this moment."""
    now, table = time.time(), contents(index)
    if disabled := _disabled(index, table, now):
        time_, reason = disabled
        return Status(
            TEMPORARILY_DISABLED, 0, table.rows, 0, table.too_small, time_, reason, _refreshed(index, now)
        )
    if table.too_small:
        return Status(ACTIVE, 0, table.rows, 0, True)
    built = lists(index)
    indexed = 0
    if built is not None:
        indexed = int(table.counts[built.lists_of(table.hashes, now) != UNINDEXED].sum())
    coverage = 100 * indexed // table.rows if table.rows else 0
    return Status(ACTIVE, coverage, table.rows - indexed, indexed, False, last_refresh=_refreshed(index, now))


def _disabled(index: VectorIndex, table: Contents, now: float) -> tuple[float, str] | None:
    """When and why the index is disabled; a small table's index only some time after it was created."""
    settings = faults.current()
    reason = settings.disable_vector_indexes
    if reason is None and table.too_small and now >= index.created + settings.index_build_seconds:
        reason = limits.DISABLED_TOO_SMALL
    if reason is None:
        for key in [key for key in _disabled_since if key[0] == index.id]:
            _disabled_since.pop(key, None)
        return None
    return _disabled_since.setdefault((index.id, reason), now), reason


def _refreshed(index: VectorIndex, now: float) -> float | None:
    built = lists(index)
    if built is None or not built.available(now).any():
        return None
    return float(built.available_at[built.available(now)].max())


def search_key(index: VectorIndex) -> str | None:
    """What the SQL of a search names the lists by: they stay the same until trained again."""
    built = lists(index)
    return None if built is None else f"{index.id}{built.trained_at}"


def _lists_for(key: str) -> Lists | None:
    with _lock:
        return next(
            (built for id_, built in _lists.items() if built and f"{id_}{built.trained_at}" == key), None
        )


def _list_of(keys: pa.Array, hashes: pa.Array) -> pa.Array:
    built = _lists_for(keys[0].as_py())
    values = hashes.to_numpy()
    if built is None:
        return pa.array(np.full(len(values), UNINDEXED, dtype=np.int64))
    return pa.array(built.lists_of(values, time.time()))


def _lists_to_search(key: str, vector: list[float], fraction: float) -> list[int]:
    built = _lists_for(key)
    return [UNINDEXED] if built is None else built.probe(np.array(vector, dtype=np.float64), fraction)


def register(connection):
    """Add the two functions that searches with an index call to a DuckDB connection."""
    connection.create_function(
        "_vector_list", _list_of, ["VARCHAR", "UBIGINT"], "BIGINT", type="arrow", side_effects=True
    )
    connection.create_function(
        "_vector_lists_to_search",
        _lists_to_search,
        ["VARCHAR", "DOUBLE[]", "DOUBLE"],
        "BIGINT[]",
        side_effects=True,
    )
