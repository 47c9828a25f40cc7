"""NULL in arrays that are written: a NULL array is stored as an empty one, a NULL element is refused.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls (2026-08-22)
A pipeline meets it where an embedding is missing: once stored, it is an array of length 0 and never NULL.
"""

import contextlib

import duckdb
from local_bigquery.catalog import tables
from local_bigquery.engine import results
from local_bigquery.sql.dialect import DuckDBDialect
from local_bigquery.sql.rules.tables import resolve
from local_bigquery.sql.translate import translate
from sqlglot import exp
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TYPE_ARRAY

from bqml_emulator.core import expressions
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files
from bqml_emulator.jobs import execution
from bqml_emulator.sql import created_tables
from bqml_emulator.vector import search

FUNCTION = "bq.main._stored_array"
MACRO = f"""
CREATE MACRO {FUNCTION}(items, field) AS CASE WHEN len(items) <> list_count(items)
THEN error('Array cannot have a null element; error in writing field ' || field) ELSE coalesce(items, []) END
"""


def install():
    """Mend INSERT, UPDATE (and so MERGE), CREATE TABLE AS, destination tables and load jobs."""
    database_files.on_connect.append(lambda con: con.execute(MACRO))
    statement_rules.add(keep_arrays, after=[search.rewrite])
    # what is declared has its type there
    execution.before_statement.add(keep_created_arrays, after=[created_tables.evaluate_first])
    without_null_elements = results._without_null_elements

    def stored(expression: str, column: str, kind) -> str:
        checked = without_null_elements(expression, column, kind)
        return checked if checked == expression else f"coalesce({checked}, [])"

    results._without_null_elements = stored


def keep_arrays(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: what INSERT and UPDATE write into array columns."""
    running = execution.current()
    if not running or not isinstance(tree, exp.Insert | exp.Update):
        return tree
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    columns = _columns(running, target, context)
    arrays = {name.casefold(): kind for name, kind, _ in columns if kind.endswith("[]")}
    undefined = {name.casefold() for name, _, default in columns if default is None} & arrays.keys()
    if arrays and isinstance(tree, exp.Update):
        _mend_assignments(tree, arrays, undefined)
    elif arrays and tree.expression is not None:
        _mend_insert(tree, [name for name, *_ in columns], arrays, undefined)
    return tree


def _columns(running: execution.Execution, target: exp.Table, context) -> list[tuple[str, str, str | None]]:
    """Names, DuckDB types and defaults of a table's columns; none when it cannot be found."""
    keys = resolve(target, context, set())
    name = tables.name(*keys) if keys and all(keys) else f'temp.main."{target.name}"'
    with contextlib.suppress(duckdb.Error):
        return _described(running, name, {})
    return []


def _described(running: execution.Execution, sql: str, bound: dict) -> list[tuple[str, str, str | None]]:
    found = running.cursor.execute(f"DESCRIBE {sql}", bound).fetchall()
    return [(name, kind, default) for name, kind, _, _, default, *_ in found]


def _stored(value: exp.Expression, column: str) -> exp.Expression:
    return exp.Anonymous(this=FUNCTION, expressions=[value.copy(), exp.Literal.string(column)])


def _mend_value(value: exp.Expression, column: str, undefined: set[str]):
    if not isinstance(value, exp.Var):  # DEFAULT is one
        value.replace(_stored(value, column))
    elif column.casefold() in undefined:
        value.replace(_stored(exp.array(), column))


def _mend_assignments(tree: exp.Update, arrays: dict[str, str], undefined: set[str]):
    names = {"", tree.this.name.casefold(), tree.this.alias.casefold()}  # anything else is a STRUCT's field
    for assignment in tree.expressions:
        column = assignment.this
        if column.name.casefold() in arrays and column.text("table").casefold() in names:
            _mend_value(assignment.expression, column.name, undefined)


def _mend_insert(tree: exp.Insert, columns: list[str], arrays: dict[str, str], undefined: set[str]):
    given = [name.name for name in tree.this.expressions] if isinstance(tree.this, exp.Schema) else columns
    missing = sorted(undefined - {name.casefold() for name in given})
    if isinstance(tree.expression, exp.Values):
        _mend_values(tree.expression, given, arrays, undefined)
        for row in tree.expression.expressions:
            row.set("expressions", [*row.expressions, *(exp.array() for _ in missing)])
    else:
        names = [f"c{position}" for position in range(len(given))]
        values = [
            _converted(exp.column(name), column, arrays.get(column.casefold()))
            for name, column in zip(names, given, strict=True)
        ]
        alias = exp.TableAlias(
            this=exp.to_identifier("q"), columns=[exp.to_identifier(name) for name in names]
        )
        source = exp.Subquery(this=tree.expression.copy(), alias=alias)
        tree.set("expression", exp.select(*values, *(exp.array() for _ in missing)).from_(source))
    if missing:
        tree.this.set("expressions", [*tree.this.expressions, *map(exp.to_identifier, missing)])


def _converted(value: exp.Expression, column: str, kind: str | None) -> exp.Expression:
    """A column of the query; NULL alone has no type there yet."""
    if kind is None:
        return value
    return _stored(exp.cast(value, exp.DataType.build(kind, dialect=DuckDBDialect)), column)


def _mend_values(values: exp.Values, given: list[str], arrays: dict[str, str], undefined: set[str]):
    for row in values.expressions:
        for column, value in zip(given, row.expressions, strict=False):
            if column.casefold() in arrays:
                _mend_value(value, column, undefined)


def keep_created_arrays(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: what CREATE TABLE AS writes into array columns."""
    running = execution.current()
    is_table = isinstance(tree, exp.Create) and tree.args.get("kind") == "TABLE"
    if not is_table or not isinstance(tree.expression, exp.Query) or running.schema_only:
        return tree
    created = running.analysis and running.analysis.created
    if created and not any(kind.type_kind == TYPE_ARRAY for kind in created):
        return tree  # to ask DuckDB, the whole query would be translated once more
    tree = tree.copy()
    expressions.name_placeholders(tree, context)
    with execution.schema_only():
        described = _described(running, *translate(tree.expression, context))
    mended = [
        exp.alias_(_stored(exp.column(name), name), name)
        for name, kind, _ in described
        if kind.endswith("[]")
    ]
    if mended:
        star = exp.Star(replace=mended)
        tree.set("expression", exp.select(star).from_(exp.Subquery(this=tree.expression.copy())))
    return tree
