"""Who writes a column's default: DEFAULT in UPDATE and MERGE, rows that are streamed without the column.

Source: https://docs.cloud.google.com/bigquery/docs/default-values (2026-11-27).
"""

import itertools
from collections.abc import Callable

import duckdb
from local_bigquery.catalog import names, tabledata, tables
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.models import TableDataInsertAllRequest, TableFieldSchema
from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.jobs import execution, temporary_tables
from bqml_emulator.sql import stored_arrays

COLUMNS = "SELECT name FROM pragma_table_info(?) WHERE dflt_value IS NOT NULL"


def mark(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: UPDATE … SET x = DEFAULT, a column to the parser, is DuckDB's own DEFAULT."""
    for assignment in tree.expressions if isinstance(tree, exp.Update) else []:
        if _is_default(assignment.expression):
            assignment.set("expression", exp.var("DEFAULT"))
    return tree


def prepare_merge(tree: exp.Expression, context) -> exp.Expression:
    """Before a MERGE, of which local-bigquery makes UPDATE and INSERT … SELECT: INSERT VALUES gets its
    columns, but not those that are to have their default; DEFAULT in UPDATE stays a keyword."""
    for when in tree.find_all(exp.When) if isinstance(tree, exp.Merge) else []:
        action = mark(when.args["then"], context)
        if isinstance(action, exp.Insert) and not isinstance(action.this, exp.Var):  # INSERT ROW is one
            columns, values = _columns_and_values(action, tree.this, context)
            kept = [
                (column.copy(), value.copy())
                for column, value in zip(columns, values, strict=True)
                if not _is_default(value)
            ]
            if not kept:
                raise BigQueryError("invalidQuery", limits.DEFAULT_ONLY)
            action.set("this", exp.Tuple(expressions=[column for column, _ in kept]))
            action.set("expression", exp.Tuple(expressions=[value for _, value in kept]))
    return tree


def _columns_and_values(
    insert: exp.Insert, table: exp.Table, context
) -> tuple[list[exp.Expression], list[exp.Expression]]:
    """Of INSERT in a MERGE. Without columns the parser takes VALUES for a function."""
    [first, *_] = insert.this.expressions
    if isinstance(first, exp.Anonymous) and not insert.expression:
        return _columns(table, context), first.expressions
    return insert.this.expressions, insert.expression.expressions


def _is_default(value: exp.Expression) -> bool:
    if isinstance(value, exp.Var):
        return value.name.upper() == "DEFAULT"
    is_bare = isinstance(value, exp.Column) and not (value.table or value.this.args.get("quoted"))
    return is_bare and value.name.upper() == "DEFAULT"


def _columns(table: exp.Table, context) -> list[exp.Expression]:
    keys = names.reference(table, context.project_id, context.dataset_id)
    is_temporary = temporary_tables.is_temporary(table, context)
    name = f"temp.main.{quote(table.name)}" if is_temporary else tables.name(*keys)
    found = execution.current().cursor.sql(f"FROM {name} LIMIT 0").columns
    return [exp.column(column, quoted=True) for column in found if column != tables.INGESTION_TIME]


# --- streamed rows ------------------------------------------------------------------------------------


def with_default(table: str) -> set[str]:
    """Columns of a table, named in DuckDB's SQL, that have a default."""
    return {name for (name,) in database.fetch(COLUMNS, [table])}


def _insert_by_group(insert: Callable) -> Callable:
    """Rows of one request that lack the same columns are inserted together, without those.

    Rows without any field are not lost, as they would be by local-bigquery.
    """

    def insert_with_defaults(table: str, schema: dict, rows: list[tuple[int, dict]]) -> list[dict]:
        defaults = with_default(table)
        if not defaults and any(data for _, data in rows):
            return insert(table, schema, rows)

        def missing(row: tuple[int, dict]) -> list[str]:
            return sorted(defaults - row[1].keys())

        errors = []
        for _, group in itertools.groupby(sorted(rows, key=missing), missing):
            given = list(group)
            empty = [row for row in given if not row[1]]
            for _ in empty:
                database.execute(f"INSERT INTO {table} DEFAULT VALUES")
            filled = [row for row in given if row[1]]
            try:
                errors += insert(table, schema, filled)
            except duckdb.Error as error:  # it raises for one row alone, but here others may be in already
                if len(rows) == 1:
                    raise
                errors.append({"index": filled[0][0], "errors": [tabledata._problem("", str(error))]})
        return errors

    return insert_with_defaults


def _columns_that_may_be_missing(columns: Callable) -> Callable:
    """A REQUIRED column with a default need not be sent."""

    def columns_of(*keys: str) -> list[TableFieldSchema]:
        defaults = with_default(tables.name(*keys))
        return [
            field.replace(mode="NULLABLE") if field.mode == "REQUIRED" and field.name in defaults else field
            for field in columns(*keys)
        ]

    return columns_of


def _insert_all(insert_all: Callable, columns: Callable) -> Callable:
    """But it cannot be sent as NULL."""

    def insert_all_rows(project_id, dataset_id, table_id, body: TableDataInsertAllRequest) -> dict:
        required = {
            f.name.casefold() for f in columns(project_id, dataset_id, table_id) if f.mode == "REQUIRED"
        }
        problems = {}
        for index, row in enumerate(body.rows or []):
            sent = row.json_.model_dump() if row.json_ else {}
            nulls = [key for key, value in sent.items() if value is None and key.casefold() in required]
            if nulls:
                problems[index] = [
                    tabledata._problem(key, f"Missing required field: {key}.") for key in nulls
                ]
        if not problems:
            return insert_all(project_id, dataset_id, table_id, body)
        others = [index for index in range(len(body.rows)) if index not in problems]
        if body.skipInvalidRows:
            kept = body.model_copy(update={"rows": [body.rows[index] for index in others]})
            answer = insert_all(project_id, dataset_id, table_id, kept)
            for error in answer.get("insertErrors", []):
                problems[others[error["index"]]] = error["errors"]
        else:
            stopped = {"reason": "stopped", "location": "", "message": ""}
            problems |= {index: [stopped] for index in others}
        return {"insertErrors": [{"index": index, "errors": problems[index]} for index in sorted(problems)]}

    return insert_all_rows


def install():
    """Let UPDATE, MERGE and insertAll write defaults."""
    statement_rules.add(mark, before=[stored_arrays.keep_arrays])
    execution.before_statement.add(prepare_merge)
    tabledata._insert = _insert_by_group(tabledata._insert)
    tabledata.insert_all = _insert_all(tabledata.insert_all, tabledata.columns)
    tabledata.columns = _columns_that_may_be_missing(tabledata.columns)
