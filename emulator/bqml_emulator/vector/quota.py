"""How many VECTOR INDEX statements a table and a project may run a day, counted on disk.

The counts belong to names: a table that is dropped and made again keeps its count, as BQ/quotas says of every
quota of a table. Statements that are refused or have nothing to do are not counted (ours).
"""

import threading
import time

from local_bigquery import errors
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError

from bqml_emulator.core import limits
from bqml_emulator.engine import database_files

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS emulator.vector_index_ddl "
    "(project VARCHAR, dataset VARCHAR, table_id VARCHAR, keyword VARCHAR, seconds DOUBLE)"
)
_lock = threading.Lock()


def register(connection):
    """Make the table of the statements of the last day."""
    connection.execute(SCHEMA)


def charge(keyword: str, reference: tuple[str, str, str]):
    """Count a CREATE or DROP on a table; beyond the quota of the table or project it is refused instead."""
    now = time.time()
    with _lock:
        database.execute(
            "DELETE FROM emulator.vector_index_ddl WHERE seconds <= ?",
            [now - limits.INDEX_DDL_WINDOW_SECONDS],
        )
        _check(keyword, reference)
        database.execute(
            "INSERT INTO emulator.vector_index_ddl VALUES (?, ?, ?, ?, ?)", [*reference, keyword, now]
        )


def _check(keyword: str, reference: tuple[str, str, str]):
    project, dataset, table = reference
    [(of_table, of_project)] = database.fetch(
        "SELECT count(*) FILTER (dataset = ? AND table_id = ?), count(*) FILTER (keyword = 'CREATE') "
        "FROM emulator.vector_index_ddl WHERE project = ?",
        [dataset, table, project],
    )
    if of_table >= limits.INDEX_MAX_DDL_PER_TABLE:
        raise BigQueryError("quotaExceeded", limits.INDEX_DDL_QUOTA_TABLE)
    if keyword == "CREATE" and of_project >= limits.INDEX_MAX_CREATES_PER_PROJECT:
        raise BigQueryError("quotaExceeded", limits.INDEX_DDL_QUOTA_PROJECT)


def install():
    """Teach local-bigquery the reason: HTTP 403, https://cloud.google.com/bigquery/docs/error-messages."""
    database_files.on_connect.append(register)
    errors.STATUSES.setdefault("quotaExceeded", (403, "RESOURCE_EXHAUSTED"))
