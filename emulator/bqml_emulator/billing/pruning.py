"""Which rows of a partitioned or clustered table a statement has to read, by the filters on its columns.

Sources (2026-08-22), below https://docs.cloud.google.com/bigquery/docs/: querying-partitioned-tables (where
the partitioning column is compared to a constant expression the other partitions are skipped),
querying-clustered-tables (the same for blocks by the clustering columns, from the first on; not where they
are in an expression or compared to columns), best-practices-costs (estimates do not know of blocks).

Of blocks only the rows that match are counted, where BigQuery reads whole blocks: of a small table it skips
nothing. Whatever is not certain prunes nothing: OR, outer joins, functions of the column, subqueries, UNNEST,
filters on a view from outside, the ON of MERGE, ingestion time and integer ranges.
"""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import duckdb
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table
from local_bigquery.sql.translate import translate
from sqlglot import exp

OPERATORS = {exp.EQ: "=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
MIRRORED = {"=": "=", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
CONSTANT = (  # what an expression may be made of that is known before a row is read
    exp.Literal,
    exp.Boolean,
    exp.Parameter,
    exp.Column,  # of a script variable
    exp.Identifier,
    exp.Var,
    exp.Cast,
    exp.DataType,
    exp.Neg,
    exp.Paren,
    exp.CurrentDate,
    exp.CurrentTimestamp,
    exp.DateAdd,
    exp.DateSub,
    exp.TimestampAdd,
    exp.TimestampSub,
    exp.Add,
    exp.Sub,
    exp.Interval,
)
DATES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")  # DuckDB's types of partitioning columns
UNITS = ("HOUR", "DAY", "MONTH", "YEAR")


class Rows(NamedTuple):
    """DuckDB conditions on a table's rows: in the partitions that are read, and of those in the blocks."""

    partitions: str = "true"
    blocks: str = "true"


class Comparison(NamedTuple):
    """A column (lower case) compared to constants in DuckDB's SQL; with "=" to any of several."""

    column: str
    operator: str
    values: list[str]


class Source(NamedTuple):
    """A table where it stands in a statement, with DuckDB's types of its columns by name in lower case."""

    table: exp.Table
    kinds: dict[str, str]
    is_alone: bool  # no other table could have a column without a qualifier
    is_outermost: bool  # no query around it has columns that would hide a variable


def rows(table: exp.Table, stored: Table, kinds: dict[str, str], context, cursor) -> Rows:
    """The rows of a table that are read where it stands in its statement; `cursor` knows the variables."""
    partitioning, clustering = stored.timePartitioning, stored.clustering
    if not partitioning and not clustering:
        return Rows()
    comparisons = list(_comparisons(table, kinds, context, cursor))
    partitions, blocks = [], []
    if partitioning and partitioning.field and partitioning.type in UNITS:
        kind = kinds.get(partitioning.field.casefold())
        own = [found for found in comparisons if found.column == partitioning.field.casefold()]
        partitions = [_partitions(found, kind, partitioning.type) for found in own if kind in DATES]
    for name in clustering.fields if clustering and not _is_target(table) else []:
        own = [found for found in comparisons if found.column == name.casefold()]
        blocks += [_matching(found) for found in own]
        if not any(found.operator == "=" for found in own):
            break  # the next columns are sorted only within one value of this one
    return Rows(*(" AND ".join(conditions) or "true" for conditions in (partitions, blocks)))


def _is_target(table: exp.Table) -> bool:
    return isinstance(table.parent, exp.Update | exp.Delete)


def _partitions(comparison: Comparison, kind: str, unit: str) -> str:
    """The same comparison of whole partitions, each of which begins at a multiple of its unit."""
    column, unit = quote(comparison.column), unit.lower()
    begin = f"date_trunc('{unit}', {column})"
    [value, *_], operator = comparison.values, comparison.operator
    if operator == "=":
        return f"{begin} IN ({', '.join(f"date_trunc('{unit}', {item})" for item in comparison.values)})"
    if operator in ("<", "<="):
        return f"{begin} {operator} {value}"
    if operator == ">" and (kind, unit) == ("DATE", "day"):
        return f"{column} > {value}"
    return f"{begin} >= date_trunc('{unit}', {value})"


def _matching(comparison: Comparison) -> str:
    if comparison.operator == "=":
        return f"{quote(comparison.column)} IN ({', '.join(comparison.values)})"
    return f"{quote(comparison.column)} {comparison.operator} {comparison.values[0]}"


def _comparisons(table: exp.Table, kinds: dict[str, str], context, cursor) -> Iterator[Comparison]:
    """What all rows of a table must meet, as far as it is plain."""
    statement = table.parent if _is_target(table) else table.parent.parent
    if not _is_filtered(table, statement):
        return
    others = ("joins",) if isinstance(statement, exp.Select) else ("from_", "using")
    is_alone = not any(statement.args.get(key) for key in others)
    source = Source(table, kinds, is_alone, statement.find_ancestor(exp.Select) is None)
    for conjunct in _conjuncts(statement.args["where"].this):
        with contextlib.suppress(BigQueryError, duckdb.Error):
            yield from _plain(conjunct, source, context, cursor)


def _is_filtered(table: exp.Table, statement: exp.Expression | None) -> bool:
    """Whether WHERE decides about every row of the table; an outer join would let others through."""
    if (
        statement is None
        or not statement.args.get("where")
        or table.args.get("sample")
        or table.args.get("pivots")
    ):
        return False
    if _is_target(table):
        return True
    if not isinstance(table.parent, exp.From | exp.Join) or not isinstance(statement, exp.Select):
        return False
    sides = {join.side for join in statement.args.get("joins") or []}
    return sides <= {"", "LEFT"} and not (isinstance(table.parent, exp.Join) and table.parent.side)


def _conjuncts(condition: exp.Expression) -> Iterator[exp.Expression]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _plain(condition: exp.Expression, source: Source, context, cursor) -> Iterator[Comparison]:
    """The condition as comparisons of one column with constants, if it is that."""
    if isinstance(condition, exp.Between):
        bounds = {">=": [condition.args["low"]], "<=": [condition.args["high"]]}
        column = condition.this
    elif isinstance(condition, exp.In):
        bounds, column = {"=": condition.expressions}, condition.this
        if not condition.expressions:  # a subquery or UNNEST
            return
    elif operator := OPERATORS.get(type(condition)):
        is_left = _column(condition.left, source) is not None
        column, other = condition.left, condition.right
        if not is_left:
            column, other, operator = other, column, MIRRORED[operator]
        bounds = {operator: [other]}
    else:
        return
    name = _column(column, source)
    if name is None or condition.args.get("symmetric"):
        return
    for operator, nodes in bounds.items():
        values = [_value(node, source.kinds[name], source, context, cursor) for node in nodes]
        if all(values):
            yield Comparison(name, operator, values)


def _column(node: exp.Expression, source: Source) -> str | None:
    """The name of the table's column that a node is."""
    if not isinstance(node, exp.Column) or len(node.parts) > 2 or node.name.casefold() not in source.kinds:
        return None
    qualifier = node.table.casefold()
    is_own = qualifier == source.table.alias_or_name.casefold() if qualifier else source.is_alone
    return node.name.casefold() if is_own else None


def _value(node: exp.Expression, kind: str, source: Source, context, cursor) -> str | None:
    """A constant as SQL of the column's type; None where it is none, is NULL or of a type to be converted."""
    variables = list(node.find_all(exp.Column))
    if not all(isinstance(part, CONSTANT) for part in node.walk()):
        return None
    if not all(_is_variable(column, source, context) for column in variables):
        return None
    sql, bound = translate(exp.select(node.copy()), context)
    context.used.clear()
    with contextlib.nullcontext(cursor) if variables else database.cursor() as reader:
        given = str(reader.sql(sql, params=bound).types[0])
        [(text,)] = reader.execute(f"SELECT CAST(x AS VARCHAR) FROM ({sql}) AS q(x)", bound).fetchall()
    is_date = given == "VARCHAR" and kind in DATES
    is_whole = given in ("INTEGER", "BIGINT") and kind == "BIGINT"
    if text is None or not (given == kind or is_date or is_whole):
        return None
    return f"CAST('{text.replace("'", "''")}' AS {kind})"


def _is_variable(column: exp.Column, source: Source, context) -> bool:
    name = column.name.lower()
    known = not column.table and name in context.variables and name not in source.kinds
    return known and source.is_alone and source.is_outermost
