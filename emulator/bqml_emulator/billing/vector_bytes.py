"""Logical bytes of a table as BigQuery counts them: by the type and content of each column.

Sizes per value: https://docs.cloud.google.com/bigquery/pricing#data (2026-08-22): 8 bytes for INT64, FLOAT64,
DATE, DATETIME, TIME and TIMESTAMP, 1 for BOOL, 16 for NUMERIC, 2 plus the UTF-8 bytes for STRING, 2 plus the
bytes for BYTES, the sum of the elements for ARRAY, of the fields for STRUCT, 0 for NULL.
"""

import contextvars

import duckdb
from local_bigquery.catalog import tables
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.models import Table
from local_bigquery.sql.rules import information_schema

from bqml_emulator.engine import table_changes

FIXED = {"boolean": 1, "decimal": 16, "hugeint": 16, "interval": 16}
TEXT_OVERHEAD = 2
OTHER_FIXED = 8
REMEMBERED = 1_000  # parts of tables
_remembered: dict[str, tuple[tuple, int]] = {}  # by query: what the table was then, and the bytes
_count: contextvars.ContextVar[bool] = contextvars.ContextVar("count", default=False)


def _is_text(type_) -> bool:
    return type_.id in ("varchar", "blob", "geometry")


def _size(value: str, type_, depth: int = 0) -> str:
    """DuckDB expression: the bytes of `value`."""
    if type_.id in ("list", "array"):
        element = type_.children[0][1]
        if not _is_text(element) and element.id not in ("list", "array", "struct"):
            return f"coalesce(len({value}), 0) * {FIXED.get(element.id, OTHER_FIXED)}"
        name = f"e{depth}"
        sizes = f"list_transform({value}, lambda {name}: {_size(name, element, depth + 1)})"
        return f"coalesce(list_sum({sizes}), 0)"
    if type_.id == "struct":
        return " + ".join(_size(f"{value}.{quote(name)}", child, depth) for name, child in type_.children)
    if _is_text(type_):
        length = f"strlen({value})" if type_.id == "varchar" else f"octet_length({value}::BLOB)"
        return f"coalesce({length} + {TEXT_OVERHEAD}, 0)"
    return f"CASE WHEN {value} IS NULL THEN 0 ELSE {FIXED.get(type_.id, OTHER_FIXED)} END"


def remembered_bytes(cursor: duckdb.DuckDBPyConnection, part: str, table: table_changes.Keys) -> int:
    """`logical_bytes` of a part of one table, given by its query; counted once while that is unchanged."""
    version = table_changes.stamp(table)
    if _remembered.get(part, (None, 0))[0] != version:
        _remembered[part] = version, logical_bytes(cursor, part)
        while len(_remembered) > REMEMBERED:
            _remembered.pop(next(iter(_remembered)), None)
    return _remembered[part][1]


def logical_bytes(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    """The logical bytes of a table, given by its quoted DuckDB name."""
    relation = cursor.sql(f"SELECT * FROM {table} LIMIT 0")
    sizes = " + ".join(
        f"coalesce(sum({_size(quote(name), type_)}), 0)"
        for name, type_ in zip(relation.columns, relation.types, strict=True)
    )
    [(total,)] = cursor.execute(f"SELECT CAST({sizes} AS BIGINT) FROM {table}").fetchall()
    return total


def _measured(table: Table) -> dict[str, str]:
    """Rows and bytes of a table's resource, counted."""
    name = tables.name(*tables.reference(table.tableReference))
    with database.cursor() as cursor:
        [(rows,)] = cursor.execute(f"SELECT count(*) FROM {name}").fetchall()
        size = str(logical_bytes(cursor, name))
    sizes = dict.fromkeys(("numBytes", "numTotalLogicalBytes", "numActiveLogicalBytes"), size)
    return {"numRows": str(rows)} | sizes


def _true(table: Table) -> Table:
    if table.type != "TABLE" or table.numBytes is None or not tables.fields(table):
        return table
    return table.replace(**_measured(table))


def _counting(view):
    """The view with true sizes; other views of the same tables are spared the scan that counting costs."""

    def counted(*scope):
        token = _count.set(True)
        try:
            return view(*scope)
        finally:
            _count.reset(token)

    return counted


def install():
    """Tell true sizes: local-bigquery estimates rows and takes every value for 8 bytes."""
    get, listed = tables.get, information_schema._tables
    tables.get = lambda *arguments, **named: _true(get(*arguments, **named))
    information_schema._tables = lambda *scope: [
        _true(table) if _count.get() else table for table in listed(*scope)
    ]
    for name in ("TABLE_STORAGE", "__TABLES__"):
        information_schema.VIEWS[name] = _counting(information_schema.VIEWS[name])
