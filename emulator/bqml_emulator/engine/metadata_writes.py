"""What is kept about a dataset, table, model or index is written by one thread at a time.

DuckDB refuses the second of two changes of one row, "Conflict on tuple deletion!", and the client would get
that: for two updates of one table, or for a table deleted by the API while the maintenance of vector indexes,
which sees the table gone, forgets its index.
"""

import functools
import threading

from local_bigquery.catalog import metadata

_writing = threading.Lock()


def _in_turn(write):
    @functools.wraps(write)
    def write_in_turn(*arguments):
        with _writing:
            return write(*arguments)

    return write_in_turn


def install():
    """Let local-bigquery's writers of metadata wait for each other; each write is its own transaction."""
    metadata.save, metadata.delete = _in_turn(metadata.save), _in_turn(metadata.delete)
