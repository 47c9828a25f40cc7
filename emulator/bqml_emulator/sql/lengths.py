"""STRING(L) and BYTES(L): a column's longest value, checked by DuckDB whatever writes to the table.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_data_types
(2026-11-27): L counts Unicode characters of STRING, bytes of BYTES. NUMERIC(P, S) needs nothing here, it is
DuckDB's DECIMAL(P, S). The text of the error is ours but for "maximum length".
"""

from local_bigquery.engine import types as engine_types
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.models import TableFieldSchema
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.jobs import execution

KINDS = {exp.DataType.Type.TEXT: "STRING", exp.DataType.Type.BINARY: "BYTES"}
SIZES = {"STRING": "length", "BYTES": "octet_length"}  # DuckDB's functions


def condition(name: str, kind: str, longest: int) -> str:
    """The condition of a CHECK, which says itself what is wrong."""
    size = f"{SIZES[kind]}({quote(name)})"
    literal = "'" + too_long(name, kind, longest).replace("'", "''") + "'"
    return f"CASE WHEN {size} > {longest} THEN error({literal} || {size}) ELSE true END"


def too_long(name: str, kind: str, longest: int) -> str:
    """What is said of a longer value; its length comes behind."""
    return f"Field {name}: {kind}({longest}) has maximum length {longest} but got a value with length "


def of_definition(definition: exp.ColumnDef) -> str | None:
    """The condition of a column in CREATE TABLE, if its type has a length."""
    kind = definition.args.get("kind")
    name = KINDS.get(kind.this) if kind is not None and kind.expressions else None
    return condition(definition.name, name, int(kind.expressions[0].name)) if name else None


def check_columns(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: CREATE TABLE checks lengths, in place; where DuckDB takes no check, it is refused."""
    if isinstance(tree, exp.Alter) and any(map(of_definition, tree.find_all(exp.ColumnDef))):
        raise BigQueryError("invalidQuery", "not emulated: ALTER TABLE ADD COLUMN of a type with a length")
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        return tree
    for definition in tree.this.expressions:
        check = of_definition(definition) if isinstance(definition, exp.ColumnDef) else None
        if check:
            constraint = exp.CheckColumnConstraint(this=exp.maybe_parse(check, dialect="duckdb"))
            definition.append("constraints", exp.ColumnConstraint(kind=constraint))
    return tree


def refuse_queries(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: the table that a query makes would have no checks."""
    makes = isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema) and tree.expression
    if makes and any(map(of_definition, tree.this.find_all(exp.ColumnDef))):
        text = "not emulated: CREATE TABLE AS SELECT with a column of a type with a length"
        raise BigQueryError("invalidQuery", text)
    return tree


def _column(field: TableFieldSchema, nested: bool = False) -> str:
    sql = _plain_column(field, nested)
    kind = (field.type or "STRING").upper()
    if nested or not field.maxLength or kind not in SIZES or field.mode == "REPEATED":
        return sql
    return f"{sql} CHECK ({condition(field.name, kind, int(field.maxLength))})"


_plain_column = engine_types.column


def install():
    """Add the checks to every table that is made."""
    statement_rules.add(check_columns)
    execution.before_statement.add(refuse_queries, first=True)
    engine_types.column = _column
