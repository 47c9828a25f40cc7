"""Whether the rows of a table may have changed since somebody looked.

DuckDB does not tell. Every change comes through this process, though: statements, load and copy jobs, rows
that are streamed. They are counted for each table; how many rows it has and the last row number are asked.
"""

import collections
from typing import Any

from local_bigquery.catalog import names, tabledata, tables
from local_bigquery.engine import database
from local_bigquery.jobs import query
from sqlglot import exp

Reference = tuple[str, str, str]
_writes: collections.Counter[Reference | None] = collections.Counter()


def wrote(table: Reference | None):
    """Note that a table may have been changed; None: any table (a transaction ended)."""
    _writes[table and _folded(table)] += 1


def _folded(table: Reference) -> Reference:
    project_id, dataset_id, table_id = table
    return project_id.casefold(), dataset_id.casefold(), table_id.casefold()


def stamp(table: Reference) -> tuple[Any, ...]:
    """Changes whenever the rows of a table may have changed; costs a millisecond."""
    writes = _writes[None], _writes[_folded(table)]
    return *writes, *database.fetch(f"SELECT count(*), max(rowid) FROM {tables.name(*table)}")


def install():
    """Count every write."""
    statement, write, insert_all = query._statement, tables.write, tabledata.insert_all

    def counted_statement(cursor, tree, context, *options):
        try:
            return statement(cursor, tree, context, *options)
        finally:
            if not isinstance(tree, exp.Query | exp.Command):
                target = names.target(tree)
                wrote(target and names.reference(target, context.project_id, context.dataset_id or ""))

    def counted_write(cursor, sql, params, reference, *arguments, **options):
        try:
            return write(cursor, sql, params, reference, *arguments, **options)
        finally:
            if reference[1] != tables.RESULTS:
                wrote(reference)

    def counted_insert(project_id, dataset_id, table_id, body):
        try:
            return insert_all(project_id, dataset_id, table_id, body)
        finally:
            wrote((project_id, dataset_id, table_id))

    query._statement, tables.write, tabledata.insert_all = counted_statement, counted_write, counted_insert
