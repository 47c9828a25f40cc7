"""Casts to ARRAY, element by element as GoogleSQL casts them, and STRUCT types whose fields have no names.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast_as_array
(2026-11-27): SAFE_CAST of an array with an element that cannot be cast is NULL, as in google/zetasql.
"""

import duckdb
from local_bigquery.sql.dialect import DuckDBDialect, macro
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules.typing import DECIMALS, FLOATS, TEXT, kind
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql import casts

Type = exp.DataType.Type
AFTER = (casts,)  # whose rule comes after this one
NUMBERS = {*exp.DataType.INTEGER_TYPES, *FLOATS, *DECIMALS}
NESTED = (Type.ARRAY, Type.STRUCT, Type.JSON, Type.RANGE)


def cast_elements(node: exp.Expression, context) -> exp.Expression:
    """Node rule: a cast of the statement from an array of one scalar type to one of another."""
    if not (isinstance(node, exp.Cast) and node.meta.get(casts.WRITTEN) and node.to.is_type(Type.ARRAY)):
        return node
    element = node.to.expressions[0]
    if isinstance(node.this, exp.Null) or element.this in NESTED or _is_alike(node.this, element.this):
        return node
    is_safe = isinstance(node, exp.TryCast)
    each = type(node)(this=exp.column("e"), to=element.copy())
    each.meta[casts.WRITTEN] = True
    made = exp.Anonymous(
        this="list_transform",
        expressions=[
            node.this.copy(),
            exp.Lambda(this=casts.cast_scalars(each, context), expressions=[exp.to_identifier("e")]),
        ],
    )
    made = macro("_bqml_whole_array", made, node.this.copy()) if is_safe else made
    made = exp.Cast(this=made, to=node.to.copy())  # which a column of NULL alone has not
    made.type = node.to.copy()
    return made


def _is_alike(array: exp.Expression, target: Type) -> bool:
    """Whether DuckDB casts the elements as GoogleSQL does, at less cost."""
    of = array.to if isinstance(array, exp.Cast) else array.type
    given = {of.expressions[0].this} if of is not None and of.expressions else set()
    if isinstance(array, exp.Array):
        given = {kind(item) for item in array.expressions if not isinstance(item, exp.Null)}
    if not given or None in given or Type.UNKNOWN in given:
        return not given and isinstance(array, exp.Array)
    same = given == {target} or given <= TEXT >= {target}
    return same or (given <= NUMBERS and target in (*FLOATS, *DECIMALS)) or bool(given & {*NESTED})


def _type(generator: DuckDBDialect.Generator, node: exp.DataType) -> str:
    """A type in DuckDB's words; its STRUCT is a TUPLE where no field has a name."""
    fields = node.expressions if node.is_type(Type.STRUCT) else []
    if not fields or all(isinstance(field, exp.ColumnDef) for field in fields):
        return generator.datatype_sql(node)
    if not any(isinstance(field, exp.ColumnDef) for field in fields):
        return f"TUPLE({', '.join(generator.sql(field) for field in fields)})"
    named = [
        field if isinstance(field, exp.ColumnDef) else f"_field_{at} {generator.sql(field)}"
        for at, field in enumerate(fields, 1)
    ]
    return f"STRUCT({', '.join(text if isinstance(text, str) else generator.sql(text) for text in named)})"


def register(con: duckdb.DuckDBPyConnection):
    """Make the macro when the database is opened."""
    con.execute(
        "CREATE MACRO bq.main._bqml_whole_array(made, given) AS "
        "CASE WHEN list_count(made) < list_count(given) THEN NULL ELSE made END"
    )


def install():
    """Look at casts before local-bigquery does."""
    NODE_RULES.insert(0, cast_elements)
    DuckDBDialect.Generator.TRANSFORMS[exp.DataType] = _type
    database_files.on_connect.append(register)
