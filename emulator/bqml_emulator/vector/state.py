"""What a vector index holds compared with its table.

The table is the truth: rows that no list holds are unindexed and are always searched.
"""

import json
import threading
import time
from dataclasses import dataclass

from bqml_emulator.vector import build, catalog, copies
from bqml_emulator.vector.catalog import VectorIndex
from bqml_emulator.vector.conditions import Condition, condition
from bqml_emulator.vector.contents import contents
from bqml_emulator.vector.lists import Lists, load


@dataclass(frozen=True)
class Status:
    """An index as INFORMATION_SCHEMA shows it; times are seconds since the epoch."""

    condition: Condition
    coverage_percentage: int
    unindexed_rows: int
    indexed_rows: int
    too_small: bool
    last_refresh: float | None = None

    @property
    def usable(self) -> bool:
        """BigQuery: "0% means the index is not usable in a VECTOR_SEARCH query"."""
        return self.coverage_percentage > 0


_lock = threading.Lock()
_lists: dict[str, Lists | None] = {}


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


def discard(index: VectorIndex):
    """Delete the lists of an index that is disabled; it is built anew when it is active again."""
    with _lock:
        _lists[index.id] = None
    index.path.unlink(missing_ok=True)
    copies.forget(index)


def forget(known: set[str]):
    """Free what is kept for indexes that exist no more."""
    with _lock:
        for gone in [id_ for id_ in _lists if id_ not in known]:
            del _lists[gone]


def status(index: VectorIndex) -> Status:
    """The state of an index at this moment."""
    now, found, table = time.time(), condition(index), contents(index)
    if found.disabled or table.too_small:
        refreshed = _refreshed(index, now) if found.disabled else None
        return Status(found, 0, table.rows, 0, table.too_small, refreshed)
    indexed = build.indexed_rows(lists(index), table, now)
    coverage = build.percentage(indexed, table)
    return Status(found, coverage, table.rows - indexed, indexed, False, _refreshed(index, now))


def _refreshed(index: VectorIndex, now: float) -> float | None:
    built = lists(index)
    if built is None or not built.available(now).any():
        return None
    return float(built.available_at[built.available(now)].max())


def search_key(index: VectorIndex) -> str | None:
    """What the SQL of a search names the lists by: they stay the same until trained again."""
    built = lists(index)
    return None if built is None else json.dumps([index.id, built.trained_at])


def by_key(key: str) -> tuple[VectorIndex, Lists] | None:
    """The index and the lists that a search was planned with; None when they are there no more."""
    id_, trained_at = json.loads(key)
    index = catalog.by_id(id_)
    built = lists(index) if index else None
    return (index, built) if built and built.trained_at == trained_at else None
