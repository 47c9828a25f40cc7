"""Aggregate functions over a part of their rows (HAVING MAX and MIN), and the edges of some.

Source: BQ aggregate function calls and statistical aggregate functions (2026-08-22).
"""

from decimal import Decimal

import duckdb
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import DuckDBDialect, macro
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules.typing import kind
from sqlglot import exp
from sqlglot.dialects.dialect import groupconcat_sql

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files

NEXT = 1e-12  # between two ranks, of fewer than a million million rows

OF_LISTS = {  # DuckDB's names; list_aggregate knows them
    exp.ArrayAgg: "list",
    exp.Avg: "avg",
    exp.BitwiseAndAgg: "bit_and",
    exp.BitwiseOrAgg: "bit_or",
    exp.BitwiseXorAgg: "bit_xor",
    exp.Count: "count",
    exp.CountIf: "count_if",
    exp.LogicalAnd: "bool_and",
    exp.LogicalOr: "bool_or",
    exp.Max: "max",
    exp.Min: "min",
    exp.Stddev: "stddev_samp",
    exp.StddevPop: "stddev_pop",
    exp.StddevSamp: "stddev_samp",
    exp.Sum: "sum",
    exp.Variance: "var_samp",
    exp.VariancePop: "var_pop",
}
KEPT = (
    "(l) AS list_transform(list_filter(l, lambda e: e.k = {}(list_transform(l, lambda f: f.k))), "
    "lambda e: e.v)"
)
UNSURE = (None, exp.DataType.Type.UNKNOWN, exp.DataType.Type.DOUBLE)  # of fields sqlglot knows no types
SIMPLE = {*exp.DataType.NUMERIC_TYPES, *exp.DataType.TEXT_TYPES, *exp.DataType.TEMPORAL_TYPES}
DEVIATIONS = (exp.Stddev, exp.StddevPop, exp.StddevSamp)
SMALL = "7.458340731200207e-155"  # 2 to the power of -512: squares of what is multiplied by it are finite
BIG = "1.3407807929942597e154"
MOST = "1.7976931348623157e308"
FLOAT = "typeof({0}) = 'DOUBLE' AND {1}({0}::VARCHAR::DOUBLE)"  # whatever its type: no other is cast
INFINITE = " OR ".join(f"({FLOAT.format(name, 'isinf')})" for name in ("high", "low"))
MACROS = {
    "_bqml_sum": "(s, high, low) AS CASE WHEN typeof(s) = 'HUGEINT' AND NOT "
    "s::VARCHAR::HUGEINT BETWEEN -9223372036854775808 AND 9223372036854775807 "
    "THEN _raise('int64 overflow') WHEN typeof(s) <> 'DOUBLE' OR s IS NULL "
    f"OR {FLOAT.format('s', 'isnan')} OR {INFINITE} OR abs(s::VARCHAR::DOUBLE) < {MOST} THEN s "
    f"WHEN {FLOAT.format('s', 'isinf')} THEN _raise('double overflow') "
    "ELSE _raise('not emulated: a SUM at the limit of FLOAT64') END",
    "_bqml_avg": "(a, high, low) AS CASE WHEN typeof(a) = 'INTERVAL' "
    "THEN _raise('not emulated: AVG of INTERVAL') "
    f"WHEN {FLOAT.format('a', 'isinf')} AND NOT ({INFINITE}) "
    "THEN _raise('not emulated: an AVG whose sum is no FLOAT64') ELSE a END",
    "_bqml_deviation": f"(s, small) AS CASE WHEN isinf(s) THEN small * {BIG} ELSE s END",
    "_bqml_ordered": "(x) AS CASE WHEN starts_with(typeof(x), 'STRUCT(__range') "
    "THEN _raise('not emulated: the order of RANGE values') ELSE x END",
    "_bqml_at_most": KEPT.format("list_max"),
    "_bqml_at_least": KEPT.format("list_min"),
}


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions when the database is opened."""
    for name, overloads in MACROS.items():
        con.execute(f"CREATE MACRO bq.main.{name}{overloads}")


def having(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: AVG(x HAVING MAX y) is the average of a list, of the x where y is largest."""
    for modifier in list(tree.find_all(exp.HavingMax)):
        function = modifier.parent
        if isinstance(function, exp.AnyValue):
            continue
        name = OF_LISTS.get(type(function))
        others = [value for key, value in function.args.items() if key != "this"]
        is_simple = not any(isinstance(value, exp.Expression) for value in others)
        is_simple = is_simple and not isinstance(modifier.this, exp.Distinct | exp.Order | exp.Limit)
        if name is None or not is_simple or isinstance(function.parent, exp.Window):
            message = (
                f"not emulated: HAVING MAX and HAVING MIN in {function.key.upper()} with these arguments"
            )
            raise BigQueryError("invalidQuery", message)
        function.replace(_of_list(name, modifier))
    return tree


def _of_list(name: str, modifier: exp.HavingMax) -> exp.Expression:
    fields = {"v": modifier.this, "k": modifier.expression}
    pairs = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(key), expression=value.copy())
            for key, value in fields.items()
        ]
    )
    rows = exp.Anonymous(this="list", expressions=[pairs])
    kept = macro("_bqml_at_most" if modifier.args.get("max") else "_bqml_at_least", rows)
    if name == "list":
        return kept
    found = exp.Anonymous(this="list_aggregate", expressions=[kept, exp.Literal.string(name)])
    return (
        exp.Coalesce(this=found, expressions=[exp.Literal.number(0)]) if name.startswith("count") else found
    )


def pairs_of_correlation(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: CORR of fewer than two pairs is NULL; DuckDB says NaN."""
    for function in list(tree.find_all(exp.Corr)):
        target = function.parent if isinstance(function.parent, exp.Window) else function
        count = target.copy()
        pairs = exp.Anonymous(
            this="regr_count", expressions=[function.this.copy(), function.expression.copy()]
        )
        if target is function:
            count = pairs
        else:
            count.set("this", pairs)
        enough = exp.GT(this=count, expression=exp.Literal.number(1))
        target.replace(exp.If(this=enough, true=target.copy()))
    return tree


def refuse_types(node: exp.Expression, context) -> exp.Expression:
    """Node rule: DuckDB adds up no intervals, and its averages of decimals are DOUBLE."""
    types = exp.DataType.Type
    refused: dict[exp.DataType.Type | None, str] = {}
    if isinstance(node, exp.Sum | exp.Avg):
        refused = {types.INTERVAL: "INTERVAL"} | (
            {types.BIGDECIMAL: "BIGNUMERIC"} if node.key == "avg" else {}
        )
        found = types.BIGDECIMAL if kind(node) == types.BIGDECIMAL else kind(node.this)
    elif isinstance(node, exp.PercentileCont):
        refused = {types.DECIMAL: "NUMERIC", types.BIGDECIMAL: "BIGNUMERIC"}
        found = kind(node.expression)
    if refused and found in refused:
        name = "PERCENTILE_CONT" if isinstance(node, exp.PercentileCont) else node.key.upper()
        raise BigQueryError("invalidQuery", f"not emulated: {name} of {refused[found]}")
    return node


def bounded(node: exp.Expression, context) -> exp.Expression:
    """Node rule: what DuckDB's aggregates do not look at, of types that may be known to DuckDB only."""
    function = node.this if isinstance(node, exp.Window) else node
    in_window = isinstance(node.parent, exp.Window) and node.parent.this is node
    if in_window or not isinstance(function, (exp.Sum, exp.Avg, *DEVIATIONS)):
        return node

    def like_it(aggregate: exp.Expression) -> exp.Expression:
        made = aggregate
        if isinstance(node, exp.Window):
            made = node.copy()
            made.set("this", aggregate)
        return made

    value = _value(function)
    if kind(value) not in UNSURE:
        is_whole = isinstance(function, exp.Sum) and kind(value) in exp.DataType.INTEGER_TYPES
        return exp.cast(node, "BIGINT") if is_whole else node
    if isinstance(function, DEVIATIONS):
        small = exp.Mul(this=exp.cast(value.copy(), "DOUBLE"), expression=exp.Literal.number(SMALL))
        made = macro("_bqml_deviation", node.copy(), like_it(type(function)(this=exp.Paren(this=small))))
    else:
        extremes = (like_it(kind_of(this=value.copy())) for kind_of in (exp.Max, exp.Min))
        made = macro(f"_bqml_{function.key}", node.copy(), *extremes)
    made.type = node.type
    return made


def _value(function: exp.Expression) -> exp.Expression:
    return function.this.expressions[0] if isinstance(function.this, exp.Distinct) else function.this


def ordered(node: exp.Expression, context) -> exp.Expression:
    """Node rule: the order of ranges is refused, even where DuckDB only knows that they are ranges."""
    if isinstance(node, exp.Max | exp.Min) and kind(_value(node)) not in SIMPLE:
        node.set("this", macro("_bqml_ordered", _value(node).copy()))
    if isinstance(node, exp.ArrayAgg) and isinstance(node.this, exp.Order):
        keys = [key.this for key in node.this.expressions if kind(key.this) not in SIMPLE]
        distinct = node.this.this.expressions if isinstance(node.this.this, exp.Distinct) else []
        for key in (*keys, *(distinct if keys else ())):  # in both places, for DuckDB compares them
            key.replace(macro("_bqml_ordered", key.copy()))
    if isinstance(node, exp.Ordered) and (value := _ordered_column(node)) is not None:
        value.replace(macro("_bqml_ordered", value.copy()))
    if isinstance(node, exp.PercentileDisc) and kind(node.this) not in SIMPLE:
        node.set("this", macro("_bqml_ordered", node.this.copy()))
    return node


def _ordered_column(key: exp.Ordered) -> exp.Expression | None:
    """What it orders by, if that is a column which may be a RANGE: in SELECT, where it is named there."""
    if not isinstance(key.this, exp.Column) or kind(key.this) in SIMPLE:
        return None
    query = key.find_ancestor(exp.Window, exp.AggFunc, exp.Query)
    if not isinstance(query, exp.Select):
        return key.this if isinstance(query, exp.Window) else None
    if query.args.get("distinct") or query.args.get("group"):
        return None
    for item in query.expressions:
        if isinstance(item, exp.Alias) and item.alias.casefold() == key.this.name.casefold():
            return item.this if isinstance(item.this, exp.Column | exp.Anonymous) else None
    return key.this


def refuse_distinct_bytes(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: bytes are put together as hexadecimal text, which ORDER BY does not mean."""
    for function in tree.find_all(exp.GroupConcat):
        if isinstance(function.args.get("separator"), exp.ByteString) and function.find(exp.Distinct):
            raise BigQueryError("invalidQuery", "not emulated: STRING_AGG of DISTINCT BYTES")
    return tree


def refuse_negative_offsets(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: LEAD and LAG look one way only."""
    for function in tree.find_all(exp.Lead, exp.Lag):
        if isinstance(function.args.get("offset"), exp.Neg):
            message = f"The offset to the function {function.key.upper()} must not be negative"
            raise BigQueryError("invalidQuery", message)
    return tree


def discrete_percentiles(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: the share is the FLOAT64 as it is, which 0.4 lies a little below."""
    for function in tree.find_all(exp.PercentileDisc):
        share = function.expression
        if isinstance(share, exp.Literal) and Decimal(float(share.this)) > Decimal(share.this):
            share.replace(exp.cast(exp.Literal.number(repr(float(share.this) + NEXT)), "DOUBLE"))
    return tree


def _group_concat(self, expression: exp.GroupConcat) -> str:
    return groupconcat_sql(self, expression.copy(), within_group=False)  # which takes it to pieces


def install():
    """Before local-bigquery's rules; what needs types, among them."""
    for rule in (
        having,
        pairs_of_correlation,
        refuse_negative_offsets,
        refuse_distinct_bytes,
        discrete_percentiles,
    ):
        statement_rules.add(rule)
    NODE_RULES.insert(0, refuse_types)
    NODE_RULES.extend((bounded, ordered))
    DuckDBDialect.Generator.TRANSFORMS[exp.GroupConcat] = _group_concat
    database_files.on_connect.append(register)
