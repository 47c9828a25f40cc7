"""Expressions, values and system variables of scripts."""

import datetime
from typing import Any

import sqlglot
from duckdb.sqltypes import DuckDBPyType
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError, syntax_error
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules import tables as table_rules
from sqlglot import exp
from sqlglot.errors import SqlglotError

SETTABLE = ("time_zone", "project_id", "dataset_id", "dataset_project_id", "query_label", "reservation")
NOT_EMULATED = (  # BQ/system-variables
    "last_job_id",
    "location",
    "script.bytes_billed",
    "script.bytes_processed",
    "script.slot_ms",
    "error.stack_trace",
)
INTEGERS = (
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "hugeint",
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
)
NUMBERS = (*INTEGERS, "decimal", "float", "double")
# Types of a variable that take values of some types only; DuckDB would convert anything
ACCEPTED = {
    "bigint": ("INT64", (*INTEGERS, "null")),
    "varchar": ("STRING", ("varchar", "null", "uuid")),
    "boolean": ("BOOL", ("boolean", "null")),
    "double": ("FLOAT64", (*NUMBERS, "null")),
    "decimal": ("NUMERIC", (*NUMBERS, "null")),
}


def expression(sql: str) -> exp.Expression:
    """The only expression in a piece of a script."""
    try:
        tree = sqlglot.parse_one(f"SELECT {sql}", dialect=BigQueryDialect)
    except SqlglotError as error:
        raise syntax_error(error, sql) from error
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        raise BigQueryError(
            "invalidQuery", f"Syntax error: Expected an expression but got {sql or 'nothing'}"
        )
    return tree.expressions[0]


def structured(value: exp.Expression) -> exp.Expression:
    """(a, b) is a struct wherever one value is asked for."""
    return exp.Struct(expressions=value.expressions) if isinstance(value, exp.Tuple) else value


def check_coercible(source: DuckDBPyType, target: DuckDBPyType, written: str):
    """Whether a variable of the target type takes a value of the source type, by GoogleSQL's coercion."""
    name, accepted = ACCEPTED.get(target.id, ("", None))
    if accepted is not None and source.id not in accepted:
        raise BigQueryError("invalidQuery", f"Cannot coerce expression {written} to type {name}")


def by_position(value: str, source: DuckDBPyType, target: DuckDBPyType, depth: int = 0) -> str:
    """DuckDB expression: a value with its structs' fields, of any names, as those of the target in order."""
    if (source.id, target.id) == ("list", "list"):
        name = f"e{depth}"
        element = by_position(name, source.children[0][1], target.children[0][1], depth + 1)
        return value if element == name else f"list_transform({value}, lambda {name}: {element})"
    if (source.id, target.id) != ("struct", "struct") or len(source.children) != len(target.children):
        return value
    fields = [
        f"{quote(name)} := {by_position(f'struct_extract_at({value}, {position})', given, kind, depth)}"
        for position, ((_, given), (name, kind)) in enumerate(
            zip(source.children, target.children, strict=True), 1
        )
    ]
    return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({', '.join(fields)}) END"


def system_name(node: exp.Expression) -> str:
    """`script.job_id` of @@script.job_id."""
    return table_rules._system_name(node) or node.name.lower()


def check_setting(name: str, value: Any):
    """Refuse what would be kept and not obeyed."""
    if name == "time_zone" and str(value).upper() not in ("UTC", "ETC/UTC"):
        raise BigQueryError("invalidQuery", f"not emulated: @@time_zone = '{value}'")
    if name == "dataset_project_id":
        raise BigQueryError("invalidQuery", f"not emulated: @@{name}")


def system_variable(node: exp.Expression, context) -> exp.Expression:
    """Node rule before local-bigquery's: timestamps, and names that it would hand to DuckDB."""
    if isinstance(node.parent, exp.Dot) and node.parent.this is node:
        return node
    name = table_rules._system_name(node)
    if name in NOT_EMULATED:
        raise BigQueryError("invalidQuery", f"not emulated: @@{name}")
    if name is None or name in ("project_id", "dataset_id"):
        return node
    if name not in context.system and name not in SETTABLE and not name.startswith("error."):
        raise BigQueryError("invalidQuery", f"System variable not found: @@{name}")
    value = context.system.get(name)
    if isinstance(value, datetime.datetime):
        return exp.cast(exp.Literal.string(value.isoformat()), "TIMESTAMPTZ")
    return exp.null() if value is None else node


def install():
    """Know BigQuery's system variables."""
    NODE_RULES.insert(NODE_RULES.index(table_rules.system_variable), system_variable)
