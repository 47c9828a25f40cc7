"""Dates, times and intervals: functions by the type of what they are given, and the limits of the types.

Sources: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/date_functions and its siblings,
data-types#interval_type (2026-11-27). DATE_ADD and its kin take a DATE, a DATETIME or a TIMESTAMP.
"""

import duckdb
from duckdb.sqltypes import VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import macro
from local_bigquery.sql.rules import NODE_RULES, STATEMENT_RULES, typing
from local_bigquery.sql.rules import datetime as datetimes
from local_bigquery.sql.rules.typing import kind
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files
from bqml_emulator.sql import casts, text_values, zones

Type = exp.DataType.Type
DATETIME, TIMESTAMP = (Type.TIMESTAMP, Type.DATETIME), (Type.TIMESTAMPTZ,)
MOVES = (exp.DateAdd, exp.DateSub, exp.DatetimeAdd, exp.DatetimeSub, exp.TimestampAdd, exp.TimestampSub)
TYPED = (
    *MOVES,
    exp.DateDiff,
    exp.DatetimeDiff,
    exp.TimestampDiff,
    exp.DateTrunc,
    exp.DatetimeTrunc,
    exp.Timestamp,
    exp.TsOrDsToDatetime,
    exp.TsOrDsToTime,
    exp.String,
    exp.TimestampTrunc,
    exp.AtTimeZone,
    exp.Date,
    exp.Time,
    exp.Datetime,
    exp.CurrentDate,
    exp.CurrentTime,
    exp.LastDay,
    exp.Anonymous,
)
KINDS = {exp.Date: "DATE", exp.Time: "TIME", exp.CurrentDate: "DATE", exp.CurrentTime: "TIME"}
CHECKED = (*MOVES, exp.DateFromParts, exp.TimestampFromParts, exp.LastDay)
PARTS = {"MICROSECOND": 1_000_000, "MILLISECOND": 1_000}
FIRST, LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"
WITHIN = {
    name: f"CASE WHEN x < {name} '{FIRST}' OR x > {name} '{LAST}' "
    "THEN _raise('Adding to or subtracting from the date or time causes overflow') ELSE x END"
    for name in ("DATE", "TIMESTAMP", "TIMESTAMPTZ")
} | {
    "INTERVAL": "CASE WHEN abs(bq.main._months(x)) > 120000 OR abs(datepart('day', x)) > 3660000 "
    "THEN _raise('Interval field is out of range') ELSE x END",
    "BIGINT": "x",
    "TIME": "x",
}
ORDERS = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.Greatest, exp.Least, exp.Ordered)
DAY = 86_400_000_000  # in microseconds
REPLACED = {  # of local-bigquery's macros
    "range_contains(r, x)": "CASE WHEN r IS NULL OR x IS NULL THEN NULL "
    "ELSE (r.__range_start IS NULL OR r.__range_start <= x) "
    "AND (r.__range_end IS NULL OR x < r.__range_end) END",
    "_range_contains_range(r, x)": "CASE WHEN r IS NULL OR x IS NULL THEN NULL ELSE "
    "(r.__range_start IS NULL OR (x.__range_start IS NOT NULL AND r.__range_start <= x.__range_start)) "
    "AND (r.__range_end IS NULL OR (x.__range_end IS NOT NULL AND x.__range_end <= r.__range_end)) END",
    "range_overlaps(a, b)": "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE "
    "(a.__range_end IS NULL OR b.__range_start IS NULL OR b.__range_start < a.__range_end) "
    "AND (b.__range_end IS NULL OR a.__range_start IS NULL OR a.__range_start < b.__range_end) END",
    "range_intersect(a, b)": "CASE WHEN a IS NULL OR b IS NULL THEN NULL "
    "WHEN NOT bq.main.range_overlaps(a, b) "
    "THEN _raise('Provided RANGE inputs: ' || a || ' and ' || b || ' do not overlap.') ELSE {"
    "'__range_start': CASE WHEN a.__range_start IS NULL THEN b.__range_start "
    "WHEN b.__range_start IS NULL THEN a.__range_start "
    "ELSE greatest(a.__range_start, b.__range_start) END, "
    "'__range_end': CASE WHEN a.__range_end IS NULL THEN b.__range_end "
    "WHEN b.__range_end IS NULL THEN a.__range_end ELSE least(a.__range_end, b.__range_end) END} END",
    "_bqml_of_days(days, micros)": "to_months((days // 30)::INTEGER) + to_days((days % 30)::INTEGER) "
    "+ to_microseconds(micros)",
    "justify_days(i)": "bq.main._bqml_of_days((bq.main._months(i) * 30 + datepart('day', i))::BIGINT, "
    "bq.main._micros(i)::BIGINT)",
    "justify_hours(i)": "to_months(bq.main._months(i)::INTEGER) + to_days(((datepart('day', i) * "
    f"{DAY} + bq.main._micros(i))::BIGINT // {DAY})::INTEGER) "
    f"+ to_microseconds((datepart('day', i) * {DAY} + bq.main._micros(i))::BIGINT % {DAY})",
    "_bqml_total(i)": f"((bq.main._months(i) * 30 + datepart('day', i)) * {DAY} "
    "+ bq.main._micros(i))::BIGINT",
    "justify_interval(i)": "bq.main._bqml_of_days("
    f"bq.main._bqml_total(i) // {DAY}, bq.main._bqml_total(i) % {DAY})",
    "_bqml_field(name, x, size)": "CASE WHEN abs(x) > size THEN _raise('Interval field ' || name || ' ' || x "
    "|| ' is out of range -' || size || ' to ' || size) ELSE x END",
    "_bqml_interval(months, days, micros)": "to_months(bq.main._bqml_field('months', months, "
    f"{text_values.MONTHS})::INTEGER) + to_days(bq.main._bqml_field('days', days, "
    f"{text_values.DAYS})::INTEGER) + to_microseconds(bq.main._bqml_field('microseconds', micros, "
    f"{text_values.MICROS})::BIGINT)",
    "_bqml_make_interval(year, month, day, hour, minute, second)": "CASE WHEN year IS NULL OR month IS NULL "
    "OR day IS NULL OR hour IS NULL OR minute IS NULL OR second IS NULL THEN NULL "
    "ELSE bq.main._bqml_interval(year::HUGEINT * 12 + month, day, "
    "((hour::HUGEINT * 60 + minute) * 60 + second) * 1000000) END",
    "_bqml_interval_quotient(i, n)": "CASE WHEN n = 0 THEN _raise('Interval division by zero') ELSE "
    "to_months((bq.main._months(i) // n)::INTEGER) "
    "+ to_days(((datepart('day', i) + bq.main._months(i) % n * 30) // n)::INTEGER) "
    f"+ to_microseconds(((bq.main._micros(i) + (datepart('day', i) + bq.main._months(i) % n * 30) % n "
    f"* {DAY}::HUGEINT) // n)::BIGINT) END",
}
UNITS = "(micros - (micros % size + size) % size) // size"


def _instant(text: str, zone: str) -> str:
    """A text as TIMESTAMP in a zone, which the text must not name too."""
    found = text_values.instant(text, zone)
    if text_values.DATETIME.fullmatch(text) is None:
        raise ValueError(f'Timezone is not allowed in "{text}"')
    return found


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions and macros when the database is opened."""
    con.create_function("_bqml_instant", _instant, [VARCHAR, VARCHAR], VARCHAR)
    bodies = ", ".join(f"(x {name}) AS {body}" for name, body in WITHIN.items())
    con.execute(f"CREATE MACRO bq.main._bqml_within {bodies}")
    for head, body in REPLACED.items():
        con.execute(f"CREATE OR REPLACE MACRO bq.main.{head} AS {body}")
    con.execute(
        "CREATE MACRO bq.main._bqml_without_months(i) AS CASE WHEN bq.main._months(i) <> 0 THEN _raise("
        "'TIMESTAMP +/- INTERVAL is not supported for intervals with non-zero MONTH or YEAR part.') "
        "ELSE i END"
    )
    con.execute(
        "CREATE MACRO bq.main._bqml_last_of_iso_year(d) AS "
        "(date_trunc('isoyear', date_trunc('isoyear', d) + INTERVAL 375 DAY) - INTERVAL 1 DAY)::DATE"
    )
    con.execute(f"CREATE MACRO bq.main._bqml_units(micros, size) AS {UNITS}")


def by_type(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: the function that local-bigquery has for the type of the first argument."""
    nodes = [node for node in tree.find_all(*TYPED) if _is_meant(node)]
    if not nodes:
        return tree
    typing.annotate(tree, context)
    for node in reversed(nodes):  # the inner ones first: the outer ones copy them
        made = _by_type(node)
        if made is not node:
            made.type = made.type or node.type
            node.replace(made)
    return tree


def _is_meant(node: exp.Expression) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name == "bq.main.current_datetime" and bool(node.expressions)
    return node.this is not None


def _zoned(node: exp.Expression) -> exp.Expression | None:
    """The function in a time zone, if it has one."""
    zone = node.args.get("zone")
    match node:
        case exp.Anonymous():
            return zones.now(node.expressions[0], "TIMESTAMP")
        case exp.CurrentDate() | exp.CurrentTime() if node.this is not None:
            return zones.now(node.this, KINDS[type(node)])
        case exp.Date() | exp.Time() if zone is not None:
            return zones.part(node.this, zone, KINDS[type(node)])
        case exp.Datetime() if node.expression is not None and _is_zone(node):
            return zones.local(node.this, node.expression)
        case exp.AtTimeZone() if node.arg_key != "format":
            return zones.local(node.this, zone)
        case exp.String() if zone is not None:
            return zones.text(node.this, zone)
        case exp.TimestampTrunc() if zone is not None:
            return zones.truncated(node)
    return None


def _is_zone(node: exp.Datetime) -> bool:
    return kind(node.this) in TIMESTAMP or node.expression.is_string or kind(node.expression) in typing.TEXT


def _by_type(node: exp.Expression) -> exp.Expression:
    if made := _zoned(node):
        return made
    given = kind(node.this)
    match node:
        case exp.DateAdd() | exp.DatetimeAdd() | exp.TimestampAdd():
            return _moved(node, given, exp.DatetimeAdd, exp.TimestampAdd)
        case exp.DateSub() | exp.DatetimeSub() | exp.TimestampSub():
            return _moved(node, given, exp.DatetimeSub, exp.TimestampSub)
        case exp.DateDiff() | exp.DatetimeDiff() | exp.TimestampDiff():
            return _difference(node, given)
        case exp.DateTrunc() | exp.DatetimeTrunc():
            return _truncation(node, given)
        case exp.Timestamp():
            return _timestamp(node, given)
        case exp.LastDay() if node.text("unit").upper() == "ISOYEAR":
            return macro("_bqml_last_of_iso_year", node.this.copy())
    return _converted(node, given)


def _moved(node: exp.Expression, given: Type | None, datetime: type, timestamp: type) -> exp.Expression:
    made = datetime if given in DATETIME else timestamp if given in TIMESTAMP else type(node)
    return node if isinstance(node, made) else made(**node.copy().args)


def _converted(node: exp.Expression, given: Type | None) -> exp.Expression:
    """DATE, DATETIME, TIME or STRING of one value; within a FORMAT function they are sqlglot's own."""
    is_text = given in exp.DataType.TEXT_TYPES
    match node:
        case exp.String() if given in (Type.DATE, *DATETIME, *TIMESTAMP):
            return _written(node.this, "VARCHAR")
        case exp.TsOrDsToTime() if not isinstance(node.parent, exp.TimeToStr):
            return macro("_bqml_to_time", node.this.copy(), exp.false())
        case exp.TsOrDsToDatetime() if is_text and not isinstance(node.parent, exp.TimeToStr):
            return _written(node.this, "TIMESTAMP")
        case exp.Date() if is_text and not node.expressions:
            return exp.cast(_written(node.this, "TIMESTAMPTZ"), "DATE")
    return node


def _written(value: exp.Expression, target: str) -> exp.Cast:
    cast = exp.Cast(this=value.copy(), to=exp.DataType.build(target))
    cast.meta[casts.WRITTEN] = True
    return cast


def _difference(node: exp.Expression, given: Type | None) -> exp.Expression:
    arguments = {
        "this": node.this.copy(),
        "expression": node.expression.copy(),
        "unit": node.args["unit"].copy(),
    }
    if given in TIMESTAMP and not isinstance(node, exp.TimestampDiff):
        return exp.TimestampDiff(**arguments)
    if given in DATETIME and not isinstance(node, exp.DatetimeDiff):
        return exp.DatetimeDiff(**arguments, date_part_boundary=True)
    return node


def _truncation(node: exp.Expression, given: Type | None) -> exp.Expression:
    unit = node.args["unit"]
    unit = exp.var(unit.name.upper()) if not isinstance(unit, exp.WeekStart) else unit.copy()
    if given in TIMESTAMP:
        made = exp.TimestampTrunc(this=node.this.copy(), unit=unit, zone=node.args.get("zone"))
        return zones.truncated(made) if made.args["zone"] is not None else made
    if given in DATETIME and isinstance(node, exp.DateTrunc):
        return exp.DatetimeTrunc(this=node.this.copy(), unit=unit)
    return node


def _timestamp(node: exp.Timestamp, given: Type | None) -> exp.Expression:
    zone = node.args.get("zone")
    if zone is None:
        return _written(node.this, "TIMESTAMPTZ") if given in exp.DataType.TEXT_TYPES else node
    if given in exp.DataType.TEXT_TYPES:
        read = exp.func("_bqml_instant", node.this.copy(), zone.copy())
        return exp.Cast(this=read, to=exp.DataType.build("TIMESTAMPTZ"))
    return zones.instant(node.this, zone)


def parts(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: EXTRACT's fractions of the second, and TIME; whole seconds since the epoch."""
    for node in list(tree.find_all(exp.Extract, exp.UnixSeconds, exp.UnixMillis)):
        if isinstance(node, exp.UnixSeconds | exp.UnixMillis):
            micros = exp.func("epoch_us", exp.cast(node.this.copy(), "TIMESTAMPTZ"))
            size = 1_000_000 if isinstance(node, exp.UnixSeconds) else 1_000
            node.replace(macro("_bqml_units", micros, exp.Literal.number(size)))
            continue
        part, value = node.this.name.upper(), node.expression
        if part in PARTS:
            whole = node.copy()
            remainder = exp.Anonymous(this="fmod", expressions=[whole, exp.Literal.number(PARTS[part])])
            node.replace(exp.cast(remainder, "BIGINT"))
        elif part == "TIME":
            node.replace(macro("_bqml_to_time", value.copy(), exp.false()))
    return tree


def ordered_ranges(node: exp.Expression, context) -> exp.Expression:
    """Node rule: the order of ranges is refused; to DuckDB an unbounded start comes last."""
    if isinstance(node, ORDERS) and _is_range(node.this):
        raise BigQueryError("notImplemented", "not emulated: the order of RANGE values")
    return node


def _is_range(value: exp.Expression) -> bool:
    if isinstance(value, exp.Anonymous):
        return value.name.lower() in ("bq.main.range", "bq.main.range_intersect")
    found = value.to if isinstance(value, exp.Cast) else value.type
    return found is not None and "__range_start" in found.sql()


def make_interval(node: exp.Expression, context) -> exp.Expression:
    """Node rule: MAKE_INTERVAL of any expressions, by place or by name."""
    if not isinstance(node, exp.MakeInterval):
        return node
    given = dict.fromkeys(("year", "month", "day", "hour", "minute", "second"), exp.convert(0))
    for key, value in node.args.items():
        if isinstance(value, exp.Kwarg):
            given[value.this.name.lower()] = value.expression
        elif value is not None:
            given[key] = value
    made = macro("_bqml_make_interval", *(value.copy() for value in given.values()))
    made.type = exp.DataType.build("INTERVAL")
    return made


def quotients(node: exp.Expression, context) -> exp.Expression:
    """Node rule: what a part of an INTERVAL leaves goes to the next one; of microseconds, nothing is left."""
    if isinstance(node, exp.Div) and kind(node.this) == Type.INTERVAL:
        made = macro("_bqml_interval_quotient", node.this, node.expression)
        made.type = node.type
        return made
    return node


def within(node: exp.Expression, context) -> exp.Expression:
    """Node rule: dates, times and intervals that are reckoned stay within their types."""
    if isinstance(node, exp.Sub):
        if kind(node.this) in TIMESTAMP and kind(node.expression) in TIMESTAMP:
            return exp.func(
                "to_microseconds", exp.Sub(this=_micros(node.this), expression=_micros(node.expression))
            )
        if kind(node.this) == kind(node.expression) == Type.TIME:
            sides = (
                exp.Add(this=exp.cast(exp.Literal.string("1970-01-01"), "DATE"), expression=side.copy())
                for side in (node.this, node.expression)
            )
            start, end = map(_micros, sides)
            return exp.func("to_microseconds", exp.Sub(this=start, expression=end))
    is_sum = isinstance(node, exp.Add | exp.Sub | exp.Mul) and any(
        kind(side) in (Type.INTERVAL, Type.DATE, *DATETIME, *TIMESTAMP)
        for side in (node.this, node.expression)
    )
    if not is_sum and not isinstance(node, CHECKED):
        return node
    if is_sum and isinstance(node, exp.Sub) and kind(node.this) == kind(node.expression) == Type.DATE:
        return node
    node = node.copy()
    if is_sum and any(kind(side) in TIMESTAMP for side in (node.this, node.expression)):
        for key in ("this", "expression"):
            if kind(node.args[key]) == Type.INTERVAL:
                node.set(key, macro("_bqml_without_months", node.args[key].copy()))
    made = macro("_bqml_within", node)
    made.type = node.type
    return made


def _micros(value: exp.Expression) -> exp.Expression:
    return exp.func("epoch_us", value.copy())


def install():
    """Choose by type where local-bigquery rewrites these functions, and check after it has."""
    STATEMENT_RULES.insert(STATEMENT_RULES.index(datetimes.datetime), by_type)
    statement_rules.add(parts)
    NODE_RULES.insert(0, ordered_ranges)
    NODE_RULES.insert(0, make_interval)
    NODE_RULES.insert(0, quotients)
    NODE_RULES.append(within)
    database_files.on_connect.append(register)
