"""Which statements that change rows (UPDATE, DELETE, MERGE, TRUNCATE) may run on a table now.

Sources (2026-08-22): https://docs.cloud.google.com/bigquery/docs/data-manipulation-language (two run, twenty
are queued as PENDING, the next one fails) and https://docs.cloud.google.com/bigquery/docs/transactions: while
a transaction has changed rows of a table, other transactions that would are cancelled, and such statements
outside of transactions are queued; reading and appending go on.
"""

import collections
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb
from local_bigquery.catalog import names
from local_bigquery.errors import BigQueryError

from bqml_emulator.core import limits

POLL_SECONDS = 0.1  # between two looks at whether a waiting job was cancelled
Table = tuple[str, str, str]


@dataclass
class Traffic:
    """Statements that run or wait on one table, and the open transaction that has changed its rows."""

    running: int = 0
    queued: int = 0
    transaction: duckdb.DuckDBPyConnection | None = None

    def is_free(self) -> bool:
        return self.transaction is None and self.running < limits.DML_RUNNING


_changed = threading.Condition()
_tables: dict[tuple[str, ...], Traffic] = collections.defaultdict(Traffic)


def _traffic(table: Table) -> Traffic:
    return _tables[tuple(part.casefold() for part in table)]


@contextlib.contextmanager
def slot(table: Table, check_cancelled: Callable[[], None], show: Callable[[str], None]) -> Iterator[None]:
    """Run the block as one of the two on this table; until then the job is shown as PENDING."""
    with _changed:
        traffic = _traffic(table)
        if not traffic.is_free():
            _wait(table, traffic, check_cancelled, show)
        traffic.running += 1
    try:
        yield
    finally:
        with _changed:
            traffic.running -= 1
            _changed.notify_all()


def _wait(table: Table, traffic: Traffic, check_cancelled: Callable[[], None], show: Callable[[str], None]):
    if traffic.queued >= limits.DML_QUEUED:
        raise BigQueryError("resourcesExceeded", limits.DML_QUEUE_FULL.format(table=names.label(*table)))
    traffic.queued += 1
    try:
        show("PENDING")
        while not traffic.is_free():
            check_cancelled()
            _changed.wait(POLL_SECONDS)
        show("RUNNING")
    finally:
        traffic.queued -= 1


def join(table: Table, transaction: duckdb.DuckDBPyConnection) -> bool:
    """Let an open transaction change rows of this table; False if somebody else does, so that it must end."""
    with _changed:
        traffic = _traffic(table)
        if traffic.running or traffic.transaction not in (None, transaction):
            return False
        traffic.transaction = transaction
        return True


def leave(transaction: duckdb.DuckDBPyConnection):
    """The transaction has ended: its tables are free."""
    with _changed:
        for traffic in _tables.values():
            if traffic.transaction is transaction:
                traffic.transaction = None
        _changed.notify_all()
