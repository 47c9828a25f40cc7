"""One table is looked up by its name, not in DuckDB's lists of all tables and columns.

DuckDB makes those lists anew at each question, of every file, with every result that a query leaves for a
day; a statement asks about ten times, so each would be slower than the one before. To bind a name costs the
same however many tables there are.

The rules of a statement ask the same again and again: within `once` each question is asked once.
"""

import contextlib
import contextvars
import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
from local_bigquery.catalog import metadata, names, row_access, tabledata, tables
from local_bigquery.engine import database, types
from local_bigquery.engine.database import quote
from local_bigquery.errors import not_found
from local_bigquery.sql.rules import partitions
from sqlglot import exp

COLUMNS = 'SELECT name, type, NOT "notnull" FROM pragma_table_info(?)'
VIEW = (  # this list is short: it has no results in it
    "SELECT view_name, 'VIEW', 0 FROM duckdb_views() "
    "WHERE database_name = ? AND schema_name = ? AND view_name = ? AND NOT internal"
)
# The second where the project is missing, too; the third where the table is called like a file type ("csv"):
# DuckDB then looks for a file of that name, which its settings forbid.
NO_SUCH_NAME = duckdb.CatalogException, duckdb.BinderException, duckdb.PermissionException
_answers: contextvars.ContextVar[dict[str, list[tuple]] | None] = contextvars.ContextVar(
    "answers", default=None
)


@contextlib.contextmanager
def once() -> Iterator[None]:
    """Within this block, which must not change the catalog, each question to it is asked once."""
    with _answered({} if _answers.get() is None else _answers.get()):
        yield


def asking_once[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """The function, which must not change the catalog, with each of its questions asked once."""

    @functools.wraps(function)
    def within(*arguments: P.args, **options: P.kwargs) -> T:
        with once():
            return function(*arguments, **options)

    return within


def anew() -> contextlib.AbstractContextManager[None]:
    """Within this block every question is asked, though it may be within `once`."""
    return _answered(None)


@contextlib.contextmanager
def _answered(answers: dict[str, list[tuple]] | None) -> Iterator[None]:
    token = _answers.set(answers)
    try:
        yield
    finally:
        _answers.reset(token)


def _asked_once(fetch):
    def fetch_once(sql: str, params: list[Any] | None = None) -> list[tuple]:
        answers = _answers.get()
        if answers is None:
            return fetch(sql, params)
        question = repr((sql, params))
        if question not in answers:
            answers[question] = fetch(sql, params)
        return answers[question]

    return fetch_once


def columns_of(physical: tuple[str, str, str]) -> dict[str, tuple[str, bool]]:
    """DuckDB's type of each column of a table or view and whether it may be NULL; none if it is not there."""
    try:
        rows = database.fetch(COLUMNS, [quote(*physical)])
    except NO_SUCH_NAME:
        return {}
    return {name: (kind, nullable) for name, kind, nullable in rows}


def _table(physical: tuple[str, str, str]) -> list[tuple[str, str, int]]:
    """The table with its estimated number of rows; nothing for a view, which has no row ids.

    DuckDB finds a name in any case, BigQuery in its own. Only the plan tells the name as it was created.
    """
    try:
        [(_, plan)] = database.fetch(f"EXPLAIN (FORMAT JSON) SELECT rowid FROM {quote(*physical)}")
    except NO_SUCH_NAME:
        return []
    scan = json.loads(plan)[0]["extra_info"]
    if scan.get("Table", "").replace('"', "") != ".".join(physical):
        return []
    return [(physical[-1], "TABLE", int(scan["Estimated Cardinality"]))]


def install():
    """Replace local-bigquery's lookups of one table."""
    every_object = database.objects

    def objects(project_id, dataset_id, table_id=None):
        if table_id is None:
            return every_object(project_id, dataset_id)
        physical = (project_id, dataset_id, table_id)
        if None in physical:  # a temporary table is in no dataset
            return []
        return _table(physical) or database.fetch(VIEW, list(physical))

    def columns(project_id, dataset_id, table_id):
        stored = columns_of(tables.physical(project_id, dataset_id, table_id))
        with database.cursor() as cur:
            try:
                relation = cur.sql(f"SELECT * FROM {tables.name(project_id, dataset_id, table_id)} LIMIT 0")
            except NO_SUCH_NAME:
                raise not_found("Table", names.label(project_id, dataset_id, table_id)) from None
            return [
                types.field(column, kind, not stored.get(column, ("", True))[1])
                for column, kind in zip(relation.columns, relation.types, strict=True)
                if column != tables.INGESTION_TIME or dataset_id == tables.RESULTS
            ]

    def has_ingestion_time(table):
        if not (table.catalog and table.db) or not isinstance(table.this, exp.Identifier):
            return False
        return tables.INGESTION_TIME in columns_of((table.catalog, table.db, table.name))

    database.objects, partitions._hidden = objects, has_ingestion_time
    tables.columns = tabledata.columns = columns
    database.fetch = metadata.fetch = row_access.fetch = _asked_once(database.fetch)
    write = tables.write

    def write_and_see(*arguments, **options):
        with anew():
            return write(*arguments, **options)

    tables.write = write_and_see
