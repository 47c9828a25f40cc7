"""Arrays and JSON scalars where DuckDB or local-bigquery is more lenient than BigQuery, and names of types.

Source: BQ array functions, JSON functions, debugging functions and TYPEOF (2026-08-22).
"""

import duckdb
from duckdb.sqltypes import VARCHAR
from local_bigquery.engine import types
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules import NODE_RULES
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files

PLACE = "CASE WHEN {0} < 0 THEN {0} ELSE least({0}, 9223372036854775806) + 1 END"
MACROS = {  # in the place of local-bigquery's
    "array_slice": f"(a, first, last) AS CASE WHEN first IS NOT NULL AND last IS NOT NULL "
    f"THEN list_slice(a, {PLACE.format('first')}, {PLACE.format('last')}) END",
    "error": "(message) AS _raise(coalesce(message, 'ERROR function called with NULL value'))",
    "int64": "(j) AS CASE WHEN j IS NULL THEN NULL WHEN json_type(j) IN ('BIGINT', 'UBIGINT') THEN j::BIGINT "
    "WHEN json_type(j) = 'DOUBLE' AND j::DOUBLE = trunc(j::DOUBLE) THEN j::DOUBLE::BIGINT "
    "ELSE _raise('The provided JSON input is not an integer') END",
    "float64": "(j) AS CASE WHEN j IS NULL THEN NULL WHEN bq.main._json_number(j) THEN j::DOUBLE "
    "ELSE _raise('The provided JSON input is not a number') END",
    "bool": "(j) AS CASE WHEN j IS NULL THEN NULL WHEN json_type(j) = 'BOOLEAN' THEN j::BOOLEAN "
    "ELSE _raise('The provided JSON input is not a boolean') END",
}


def type_name(name: str) -> str:
    """BigQuery's name for a type of DuckDB."""
    return types.bigquery_type(types.field("value", duckdb.sqltype(name))).replace("`", "")


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions when the database is opened."""
    for name, overloads in MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO bq.main.{name}{overloads}")
    con.create_function("_bqml_type_name", type_name, [VARCHAR], VARCHAR)


def edges(node: exp.Expression, context) -> exp.Expression:
    """Node rule: NULL where an array or a separator is NULL, an error where a step is 0."""
    match node:
        case exp.ArrayConcat():
            return _unless_null(node, [node.this, *node.expressions])
        case exp.ArrayToString() if not node.expression.is_string:
            return _unless_null(node, [node.expression])
        case exp.Typeof():
            return exp.Anonymous(this="_bqml_type_name", expressions=[node])
        case exp.Bracket(expressions=[place]) if node.args.get("safe") and not isinstance(place, exp.Literal):
            # DuckDB counts what is negative from the end
            first = exp.Literal.number(node.args.get("offset") or 0)
            return exp.If(this=exp.GTE(this=place.copy(), expression=first), true=node)
    return node


def check_steps(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: DuckDB finds nothing where a step is 0."""
    for node in tree.find_all(exp.GenerateDateArray, exp.GenerateTimestampArray):
        step = node.args.get("step")
        if isinstance(step, exp.Interval) and step.this.name == "0":
            raise BigQueryError("invalidQuery", "Sequence step cannot be 0.")
    return tree


def _unless_null(node: exp.Expression, values: list[exp.Expression]) -> exp.Expression:
    unsure = [value for value in values if not isinstance(value, exp.Array | exp.Literal)]
    if not unsure:
        return node
    there = exp.and_(*(value.copy().is_(exp.null()).not_() for value in unsure), copy=False)
    made = exp.If(this=there, true=node)
    made.type = node.type
    return made


def install():
    """Before local-bigquery's rules."""
    statement_rules.add(check_steps)
    NODE_RULES.insert(0, edges)
    database_files.on_connect.append(register)
