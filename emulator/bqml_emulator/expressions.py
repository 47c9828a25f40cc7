"""Expressions that would reach DuckDB with another meaning than BigQuery gives them."""

from local_bigquery.sql.rules import STATEMENT_RULES
from sqlglot import exp

CLOCKS = {  # what gives the same in DuckDB by another name, and its type
    exp.CurrentDate: ("today", "DATE"),
    exp.CurrentTime: ("get_current_time", "TIME"),
    exp.CurrentTimestamp: ("get_current_timestamp", "TIMESTAMPTZ"),
}


def install():
    """Mend the expressions of every statement before anything else reads them."""
    STATEMENT_RULES.insert(0, keep_meaning)


def keep_meaning(tree: exp.Expression, context) -> exp.Expression:
    """Rewrite DIV's operands, ARRAY_AGG's IGNORE NULLS and hidden clocks in place."""
    for division in tree.find_all(exp.IntDiv):
        parenthesise_operands(division)
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
