"""Structs that are written to a table: BigQuery goes by the position of their fields, DuckDB by their names.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions (2026-08-22):
a STRUCT is cast "by field order, not field name". DuckDB would write NULL where a name is missing, so names
that are not the column's own are refused in INSERT and UPDATE; MERGE is not looked at.
"""

import contextlib

import duckdb
from duckdb.sqltypes import DuckDBPyType
from local_bigquery.catalog import tables
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules.tables import resolve
from local_bigquery.sql.translate import translate
from sqlglot import exp

from bqml_emulator.core import expressions
from bqml_emulator.jobs import execution

OTHER_NAMES = (
    "not emulated: a STRUCT with the fields ({given}) for column {column} of ({wanted}); give them its names"
)


def check(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: fields of structs have the names, in the order, of the column that they go to."""
    running = execution.current()
    if not isinstance(tree, exp.Insert | exp.Update) or running.schema_only:
        return tree
    columns = _columns(running, tree.this.this if isinstance(tree.this, exp.Schema) else tree.this, context)
    if not any(_fields(kind) for kind in columns.values()):
        return tree
    tree = tree.copy()
    expressions.name_placeholders(tree, context)
    for column, given in _written(running, tree, list(columns), context):
        wanted = columns.get(column.casefold())
        if wanted and not _fits(given, wanted):
            message = OTHER_NAMES.format(
                given=", ".join(_fields(given)), column=column, wanted=", ".join(_fields(wanted))
            )
            raise BigQueryError("invalidQuery", message)
    return tree


def _columns(running: execution.Execution, target: exp.Table, context) -> dict[str, DuckDBPyType]:
    """DuckDB's types of a table's columns by their names in lower case; none when it cannot be found."""
    keys = resolve(target, context, set())
    name = tables.name(*keys) if keys and all(keys) else f'temp.main."{target.name}"'
    with contextlib.suppress(duckdb.Error):
        relation = running.cursor.sql(f"SELECT * FROM {name} LIMIT 0")
        names = map(str.casefold, relation.columns)
        return dict(zip(names, relation.types, strict=True))
    return {}


def _written(
    running: execution.Execution, tree: exp.Insert | exp.Update, names: list[str], context
) -> list[tuple[str, DuckDBPyType]]:
    """The columns that are written with the types of what goes there; none where they cannot be known."""
    if isinstance(tree, exp.Insert):
        given = [name.name for name in tree.this.expressions] if isinstance(tree.this, exp.Schema) else names
        query = tree.expression
    else:
        given = [assignment.this.name for assignment in tree.expressions]
        query = exp.select(*(item.expression.copy() for item in tree.expressions)).from_(tree.this.copy())
        if source := tree.args.get("from_"):
            query.set("joins", [exp.Join(this=source.this.copy())])
    with execution.schema_only(), contextlib.suppress(duckdb.Error, BigQueryError):
        query.meta[expressions.WRITTEN] = True
        sql, bound = translate(query, context)
        context.used.clear()
        return list(zip(given, running.cursor.sql(sql, params=bound).types, strict=False))
    return []


def _element(kind: DuckDBPyType) -> DuckDBPyType:
    return kind.children[0][1] if kind.id == "list" else kind


def _fields(kind: DuckDBPyType) -> list[str]:
    """The names of a struct's fields, or of those in an array; none for other types."""
    element = _element(kind)
    return [name for name, _ in element.children] if element.id == "struct" else []


def _fits(given: DuckDBPyType, wanted: DuckDBPyType) -> bool:
    """Whether DuckDB writes each field where BigQuery would; fields without names go by position."""
    names, own = _fields(given), _fields(wanted)
    if not any(names) or not own:
        return True
    if list(map(str.casefold, names)) != list(map(str.casefold, own)):
        return False
    pairs = zip(_element(given).children, _element(wanted).children, strict=True)
    return all(_fits(one, other) for (_, one), (_, other) in pairs)


def install():
    """Look at every INSERT and UPDATE."""
    execution.before_statement.add(check)
