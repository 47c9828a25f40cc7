"""Expressions that would reach DuckDB with another meaning than BigQuery gives them."""

import sqlglot
from local_bigquery.catalog import names
from local_bigquery.sql.dialect import DuckDBDialect
from local_bigquery.sql.rules import STATEMENT_RULES, typing
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules

CLOCKS = {  # what gives the same in DuckDB by another name, and its type
    exp.CurrentDate: ("today", "DATE"),
    exp.CurrentTime: ("get_current_time", "TIME"),
    exp.CurrentTimestamp: ("get_current_timestamp", "TIMESTAMPTZ"),
}
WRITTEN = "written"  # key in the meta of a query that is a part of DML
VALUES = (  # where a STRUCT is a value of its own
    exp.Select,
    exp.Alias,
    exp.Array,
    exp.ArrayAgg,
    exp.Order,
    exp.Limit,
    exp.Paren,
    exp.Dot,
    exp.PropertyEQ,
    exp.Anonymous,
    exp.JSONFormat,
)


def install():
    """Mend the expressions of every statement before anything else reads them."""
    statement_rules.add(keep_meaning, first=True)
    STATEMENT_RULES.insert(STATEMENT_RULES.index(typing.annotate) + 1, unnest_fields)


def keep_meaning(tree: exp.Expression, context) -> exp.Expression:
    """Rewrite DIV's operands, STRUCT's fields, ARRAY_AGG's IGNORE NULLS and hidden clocks in place."""
    for division in tree.find_all(exp.IntDiv):
        parenthesise_operands(division)
    if not isinstance(tree, names.DML) and not tree.meta.get(WRITTEN):
        for struct in tree.find_all(exp.Struct):
            name_fields(struct)
    for ignoring in list(tree.find_all(exp.IgnoreNulls)):
        if isinstance(ignoring.this, exp.ArrayAgg):
            ignoring.replace(without_nulls(ignoring.this))
    for clock in list(tree.find_all(*CLOCKS)):
        if clock.this is None and is_hidden(clock):
            function, kind = CLOCKS[type(clock)]
            clock.replace(exp.cast(exp.Anonymous(this=function), kind))
    return tree


def is_hidden(clock: exp.Expression) -> bool:
    """CURRENT_DATE() AS current_date: to DuckDB, which needs no brackets, the alias would mean itself."""
    select = clock.parent_select
    aliases = select.named_selects if isinstance(select, exp.Select) else ()
    return clock.sql_name().casefold() in map(str.casefold, aliases)


def name_fields(struct: exp.Struct):
    """STRUCT(a, t.b) has the fields a and b, where it is a value of its own or one of ARRAY_AGG or an array.

    Not where it is compared, or joins others of a set or an array: BigQuery goes by the position of fields
    there and DuckDB by their names; so, too, where it is written to a table.
    """
    union, parent = struct.find_ancestor(exp.SetOperation), struct.parent
    is_first = not isinstance(parent, exp.Array) or parent.expressions[0] is struct
    if union or not is_first or not isinstance(parent, VALUES):
        return
    given = [field.name.casefold() for field in struct.expressions]
    for field in list(struct.expressions):
        if isinstance(field, exp.Column) and given.count(field.name.casefold()) == 1:
            name = exp.to_identifier(field.name, quoted=True)
            field.replace(exp.PropertyEQ(this=name, expression=field.copy()))


def unnest_fields(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: the fields of an array's structs are columns of UNNEST(array) without an alias."""
    for unnest in tree.find_all(exp.Unnest):
        is_alone = len(unnest.expressions) == 1 and not unnest.args.get("alias")
        if is_alone and isinstance(unnest.parent, exp.From | exp.Join):
            kind = _type(unnest.expressions[0], context)
            if kind and kind.expressions and kind.expressions[0].is_type(exp.DataType.Type.STRUCT):
                unnest.set("explode_array", True)
    return tree


def _type(value: exp.Expression, context) -> exp.DataType | None:
    """The type of a column, or of a query parameter, which is a cast to it."""
    if isinstance(value, exp.Parameter) and value.name in context.parameters:
        return sqlglot.parse_one(context.parameters[value.name], dialect=DuckDBDialect).args.get("to")
    return value.type


def parenthesise_operands(division: exp.IntDiv):
    """DIV(a - 1, b) is a function; DuckDB's a - 1 // b would divide first."""
    for side in ("this", "expression"):
        operand = division.args[side]
        if isinstance(operand, exp.Binary):
            division.set(side, exp.Paren(this=operand.copy()))


def without_nulls(aggregate: exp.ArrayAgg) -> exp.Expression:
    """ARRAY_AGG(x IGNORE NULLS ORDER BY y LIMIT n): DuckDB filters the aggregate and slices its list."""
    limit = aggregate.this if isinstance(aggregate.this, exp.Limit) else None
    values = limit.this if limit else aggregate.this
    column = values.this if isinstance(values, exp.Order) else values
    column = column.expressions[0] if isinstance(column, exp.Distinct) else column
    present = exp.Not(this=exp.Is(this=column.copy(), expression=exp.null()))
    kept = exp.Filter(this=exp.ArrayAgg(this=values.copy()), expression=exp.Where(this=present))
    if limit is None:
        return kept
    return exp.func("list_slice", kept, exp.Literal.number(1), limit.expression.copy())


def name_placeholders(tree: exp.Expression, context):
    """Give every `?` its number now: parts of the statement are then moved or translated alone."""
    for node in list(tree.find_all(exp.Placeholder, bfs=False)):
        if node.name in ("", "?"):
            node.replace(exp.Parameter(this=exp.var(f"p{context.position}")))
            context.position += 1
