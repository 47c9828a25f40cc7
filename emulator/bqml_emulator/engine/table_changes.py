"""When the rows of each table were changed, which DuckDB does not tell.

Every change comes through this process: statements, load and copy jobs, rows that are streamed, the REST API.
They say when they begin and end (`jobs.changed_tables`).
"""

import math
import threading
import time
from typing import Any

from local_bigquery.catalog import tables
from local_bigquery.engine import database

Keys = tuple[str, str, str]


def now() -> float:
    """Milliseconds since 1970."""
    return time.time() * 1000


def _folded(keys: Keys) -> Keys:
    return keys[0].casefold(), keys[1].casefold(), keys[2].casefold()


class Changes:
    """When each table was last changed, in milliseconds since 1970; infinite while it is being changed."""

    def __init__(self):
        self._lock = threading.Lock()
        self._started = now()
        self._changed: dict[Keys, float] = {}
        self._writers: dict[Keys, int] = {}
        self._noted: dict[Keys, int] = {}
        self._replaced: set[Keys] = set()

    def begin(self, keys: Keys, replaces: bool = False):
        """The table is being changed from now on."""
        with self._lock:
            key = _folded(keys)
            self._writers[key] = self._writers.get(key, 0) + 1
            self._noted[key] = self._noted.get(key, 0) + 1
            if replaces:
                self._replaced.add(key)

    def end(self, keys: Keys):
        """One who has changed the table, or has failed to, is done."""
        with self._lock:
            key = _folded(keys)
            self._writers[key] -= 1
            self._noted[key] += 1
            self._changed[key] = now()

    def last(self, keys: Keys) -> float:
        """The last change, or the start of the process if there was none since."""
        with self._lock:
            key = _folded(keys)
            return math.inf if self._writers.get(key) else self._changed.get(key, self._started)

    def noted(self, keys: Keys) -> int:
        """How many beginnings and ends there were: another number when rows may have changed since."""
        with self._lock:
            return self._noted.get(_folded(keys), 0)

    def was_replaced(self, keys: Keys) -> bool:
        """Whether another table of that name was there before."""
        with self._lock:
            return _folded(keys) in self._replaced or self._changed.get(_folded(keys)) is None


changes = Changes()


def stamp(keys: Keys) -> tuple[Any, ...]:
    """Changes whenever the rows of a table may have changed; costs a millisecond.

    How many rows it has and the last row number are asked, too.
    """
    return changes.noted(keys), *database.fetch(f"SELECT count(*), max(rowid) FROM {tables.name(*keys)}")
