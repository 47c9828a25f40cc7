"""CAST and SAFE_CAST between scalar types, where DuckDB's own take other texts or give others.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions (2026-11-27).
DuckDB chooses a macro by the type of the value. Texts of the usual form are read by DuckDB's own casts, which
is fast; all others by GoogleSQL's rules in `text_values`.
"""

import functools
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import duckdb
from duckdb.sqltypes import BOOLEAN, DOUBLE, VARCHAR
from local_bigquery.sql.dialect import macro
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules.typing import DECIMALS, kind
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files
from bqml_emulator.sql import bignumeric, numbers, text_values

Type = exp.DataType.Type
WRITTEN = "written cast"  # key in the meta of a cast that the statement has, not one that a rule adds
EXACT = Context(prec=800)  # more digits than a FLOAT64 has
DATE = r"(0[1-9]|[1-9]\d)\d{2}-\d{2}-(0[1-9]|1\d|2[0-8])"  # days of every month, years from 100
CLOCK = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
PLAIN = {  # target: its name in DuckDB, and texts that both read alike
    "int64": ("BIGINT", r"[+-]?\d{1,18}"),
    "float64": ("DOUBLE", r"[+-]?\d{1,300}(\.\d{1,300})?"),
    "bool": ("BOOLEAN", "true|false"),
    "date": ("DATE", DATE),
    "datetime": ("TIMESTAMP", f"{DATE}([ T]{CLOCK})?"),
    "time": ("TIME", CLOCK),
    "timestamp": (
        "TIMESTAMPTZ",
        rf"{DATE}([ T]{CLOCK}(Z|[+-](0\d|1[0-3])(:[0-5]\d)?)?)?",
    ),
}
READERS: dict[str, Callable[[str], Any]] = {
    "int64": text_values.integer,
    "float64": text_values.number,
    "bool": text_values.boolean,
    "date": text_values.day,
    "datetime": text_values.moment,
    "time": text_values.clock,
    "timestamp": text_values.instant,
    "interval": text_values.interval,
}
PARTS = "STRUCT(months BIGINT, days BIGINT, micros BIGINT)"  # of an INTERVAL
OTHERS = {  # what else a target is cast from
    "int64": {
        "BIGINT": "x",
        "BOOLEAN": "x::BIGINT",
        "DOUBLE": "CASE WHEN safe THEN TRY_CAST(round(x) AS BIGINT) ELSE round(x)::BIGINT END",
    },
    "float64": {"BIGINT": "x::DOUBLE", "DOUBLE": "x"},
    "bool": {"BIGINT": "x::BOOLEAN", "BOOLEAN": "x"},
    "date": {"BIGINT": "NULL::DATE", "DATE": "x", "TIMESTAMP": "x::DATE", "TIMESTAMPTZ": "x::DATE"},
    "datetime": {
        "BIGINT": "NULL::TIMESTAMP",
        "DATE": "x::TIMESTAMP",
        "TIMESTAMP": "x",
        "TIMESTAMPTZ": "x::TIMESTAMP",
    },
    "time": {
        "BIGINT": "NULL::TIME",
        "TIME": "x",
        "TIMETZ": "x::TIME",
        "TIMESTAMP": "x::TIME",
        "TIMESTAMPTZ": "x::TIMESTAMP::TIME",
    },
    "timestamp": {
        "BIGINT": "NULL::TIMESTAMPTZ",
        "DATE": "x::TIMESTAMPTZ",
        "TIMESTAMP": "x::TIMESTAMPTZ",
        "TIMESTAMPTZ": "x",
    },
}
# Digits that DuckDB writes as GoogleSQL does; others need 17, an exponent or have none after the point
SHORT = "length(x::VARCHAR) <= 15 AND abs(x) >= 0.0001 AND abs(x) < 1e15"
TO_TEXT = {
    "BIGINT": "x::VARCHAR",
    "VARCHAR": "x",
    "BOOLEAN": "x::VARCHAR",
    "DATE": "x::VARCHAR",
    "DOUBLE": f"CASE WHEN {SHORT} THEN regexp_replace(x::VARCHAR, '\\.0$', '') ELSE _bqml_float_text(x) END",
    "BLOB": "CASE WHEN safe THEN TRY(decode(x)) ELSE _bqml_utf8(x) END",
    "TIME": "strftime(DATE '2000-01-01' + x, '%H:%M:%S') || _bqml_fraction(microsecond(x))",
    "TIMETZ": "strftime(DATE '2000-01-01' + x::TIME, '%H:%M:%S') || _bqml_fraction(microsecond(x))",
    "TIMESTAMP": "x::DATE::VARCHAR || strftime(x, ' %H:%M:%S') || _bqml_fraction(microsecond(x))",
    "TIMESTAMPTZ": "x::TIMESTAMP::DATE::VARCHAR || strftime(x::TIMESTAMP, ' %H:%M:%S') "
    "|| _bqml_fraction(microsecond(x)) || '+00'",
    "INTERVAL": "bq.main._interval_string(x)",
}
TARGETS = {
    Type.BIGINT: "int64",
    Type.DOUBLE: "float64",
    Type.BOOLEAN: "bool",
    Type.DATE: "date",
    Type.TIMESTAMP: "datetime",
    Type.DATETIME: "datetime",
    Type.TIME: "time",
    Type.TIMESTAMPTZ: "timestamp",
    Type.INTERVAL: "interval",
}
"""Literals of these types keep DuckDB's own cast, of the text in its usual form."""
NUMBERS = {Type.BIGDECIMAL: 38, Type.DECIMAL: 9}


def _reader(read: Callable[[str], Any]) -> Callable[[str | None, bool], Any]:
    def call(text: str | None, safe: bool) -> Any:
        if text is None:
            return None
        try:
            return read(text)
        except ValueError:
            if safe:
                return None
            raise

    return call


def _decimal_reader(name: str) -> Callable[[str], str]:
    return lambda text: text_values.decimal(text, name)


def _utf8(value: bytes | None) -> str | None:
    try:
        return None if value is None else bytes(value).decode()
    except UnicodeDecodeError:
        raise ValueError("Invalid cast of bytes to UTF8 string") from None


def _decimal(value: float | None, scale: int) -> str | None:
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return None if value is None else str(value)
    digits = f"{Decimal(value).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, EXACT):f}"
    if scale == NUMBERS[Type.BIGDECIMAL] and not bignumeric.fits(digits):
        raise ValueError(bignumeric.REFUSAL)
    return digits


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions and macros when the database is opened."""
    for name, read in READERS.items():
        con.create_function(
            f"_bqml_read_{name}",
            _reader(read),
            [VARCHAR, BOOLEAN],
            duckdb.sqltype(PARTS if name == "interval" else "VARCHAR"),
            null_handling="special",
        )
    for name in ("NUMERIC", "BIGNUMERIC"):
        con.create_function(
            f"_bqml_read_{name.lower()}", _decimal_reader(f"PARSE_{name}"), [VARCHAR], VARCHAR
        )
        scale = 9 if name == "NUMERIC" else bignumeric.DECIMALS
        _macro(
            con,
            f"parse_{name.lower()}(s)",
            rf"CASE WHEN regexp_full_match(s, '[+-]?\d{{1,20}}(\.\d{{1,9}})?') THEN s "
            f"ELSE _bqml_read_{name.lower()}(s) END::DECIMAL(38, {scale})",
        )
    con.create_function("_bqml_float_text", text_values.float_text, [DOUBLE], VARCHAR)
    con.create_function("_bqml_utf8", _utf8, [duckdb.sqltype("BLOB")], VARCHAR, null_handling="special")
    con.create_function(
        "_bqml_decimal", _decimal, [DOUBLE, duckdb.sqltype("BIGINT")], VARCHAR, null_handling="special"
    )
    _macro(
        con,
        "_bqml_fraction(micros)",
        "CASE WHEN micros % 1000000 = 0 THEN '' WHEN micros % 1000 = 0 "
        "THEN printf('.%03d', micros % 1000000 // 1000) ELSE printf('.%06d', micros % 1000000) END",
    )
    for name, (target, plain) in PLAIN.items():
        text = (
            f"CASE WHEN regexp_full_match(x, '{plain}') THEN "
            f"CASE WHEN safe THEN TRY_CAST(x AS {target}) ELSE x::{target} END "
            f"ELSE _bqml_read_{name}(x, safe)::{target} END"
        )
        _overloads(con, f"_bqml_to_{name}", {"VARCHAR": text, **OTHERS[name]})
    _macro(
        con,
        "_bqml_parts_to_interval(parts)",
        "CASE WHEN parts IS NULL THEN NULL ELSE "
        "to_months(parts.months::INTEGER) + to_days(parts.days::INTEGER) + to_microseconds(parts.micros) END",
    )
    _overloads(
        con,
        "_bqml_to_interval",
        {
            "VARCHAR": "bq.main._bqml_parts_to_interval(_bqml_read_interval(x, safe))",
            "INTERVAL": "x",
            "BIGINT": "NULL::INTERVAL",
        },
    )
    for name in ("date", "datetime", "timestamp"):
        con.create_function(
            f"_bqml_read_range_of_{name}",
            _reader(functools.partial(_bounds, name=name)),
            [VARCHAR, BOOLEAN],
            duckdb.sqltype("STRUCT(low VARCHAR, high VARCHAR)"),
            null_handling="special",
        )
        target = PLAIN[name][0]
        kind_of_range = f"STRUCT(__range_start {target}, __range_end {target})"
        _macro(
            con,
            f"_bqml_bounds_to_range_of_{name}(bounds)",
            "CASE WHEN bounds IS NULL THEN NULL ELSE "
            f"{{'__range_start': bounds.low::{target}, '__range_end': bounds.high::{target}}} END",
        )
        read = f"bq.main._bqml_bounds_to_range_of_{name}(_bqml_read_range_of_{name}(x, safe))"
        _overloads(con, f"_bqml_to_range_of_{name}", {"VARCHAR": read, kind_of_range: "x"})
    _overloads(con, "_bqml_to_text", TO_TEXT)
    _macro(
        con,
        "_bqml_decimal_text(x)",
        r"regexp_replace(regexp_replace(x::VARCHAR, '(\.\d*?)0+$', '\1'), '\.$', '')",
    )


def _macro(con: duckdb.DuckDBPyConnection, head: str, body: str):
    con.execute(f"CREATE OR REPLACE MACRO bq.main.{head} AS {body}")


def _overloads(con: duckdb.DuckDBPyConnection, name: str, bodies: dict[str, str]):
    if whole := bodies.get("BIGINT"):  # a SUM of integers is a HUGEINT, which DuckDB would take for a DOUBLE
        bodies = {**bodies, "HUGEINT": "x::BIGINT" if whole == "x" else whole}
    of_types = (
        f"(x {given}, safe BOOLEAN) AS {body.replace('|| _bqml_fraction', '|| bq.main._bqml_fraction')}"
        for given, body in bodies.items()
    )
    con.execute(f"CREATE MACRO bq.main.{name} {', '.join(of_types)}")


def mark_written(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: these casts are the statement's own; a text that is a RANGE becomes its bounds."""
    for cast in list(tree.find_all(exp.Cast)):
        if cast.to.is_type(Type.RANGE) and cast.this.is_string:
            cast.replace(_range(cast))
        elif cast.to.is_type(Type.RANGE) and cast.to.expressions and not isinstance(cast.this, exp.Null):
            name = TARGETS[cast.to.expressions[0].this]
            is_safe = exp.Boolean(this=isinstance(cast, exp.TryCast))
            cast.set("this", macro(f"_bqml_to_range_of_{name}", cast.this.copy(), is_safe))
        else:
            cast.meta.setdefault(WRITTEN, True)
    return tree


def _bounds(text: str, name: str) -> dict[str, str | None]:
    """The bounds that a text has, in the form that DuckDB reads; ValueError when it is no such RANGE."""
    read = READERS[name]
    low, high = (bound and read(bound) for bound in text_values.bounds(text).values())
    if low and high and low >= high:
        raise ValueError("Range start element must be less than the end element")
    return {"low": low, "high": high}


def _range(cast: exp.Cast) -> exp.Expression:
    element = cast.to.expressions[0]
    try:
        bounds = _bounds(cast.this.name, TARGETS[element.this])
    except ValueError as error:
        if isinstance(cast, exp.TryCast):
            return exp.Cast(this=exp.null(), to=cast.to)
        return exp.Cast(this=exp.func("_raise", exp.Literal.string(str(error))), to=cast.to)
    return macro("range", *(exp.Cast(this=_bound(bound), to=element.copy()) for bound in bounds.values()))


def _bound(text: str | None) -> exp.Expression:
    return exp.null() if text is None else exp.Literal.string(text)


def cast_scalars(node: exp.Expression, context) -> exp.Expression:
    """Node rule: a cast of the statement to a scalar type."""
    if not (isinstance(node, exp.Cast) and node.meta.get(WRITTEN)) or node.args.get("format"):
        return node
    if isinstance(node.this, exp.Null):
        return node
    safe = isinstance(node, exp.TryCast)
    made = _cast(node, node.to.this, safe)
    if made is not node:
        made.type = node.to.copy()
    return made


def _cast(node: exp.Cast, target: Type, safe: bool) -> exp.Expression:
    value, flag = node.this, exp.Boolean(this=safe)
    given = kind(value)
    if target in NUMBERS:
        return _number(node, NUMBERS[numbers.decimal_kind(node)])
    if target in exp.DataType.TEXT_TYPES:
        return _text(value, given, flag)
    if target == Type.VARBINARY or target == Type.BINARY:
        return exp.Anonymous(this="encode", expressions=[value]) if given in exp.DataType.TEXT_TYPES else node
    name = TARGETS.get(target)
    if name is None or given in DECIMALS or given in (Type.ARRAY, Type.STRUCT, Type.JSON):
        return node
    if isinstance(value, exp.Literal) and value.is_string and name in READERS:
        return _literal(node, value, name, safe)
    return macro(f"_bqml_to_{name}", value, flag)


def _text(value: exp.Expression, given: Type | None, flag: exp.Boolean) -> exp.Expression:
    if given in DECIMALS:
        return macro("_bqml_decimal_text", value)
    found = macro("_bqml_to_text", value, flag)
    if given in TEXTABLE:
        return found
    is_decimal = exp.func("starts_with", exp.func("typeof", value.copy()), exp.Literal.string("DECIMAL"))
    digits = macro("_bqml_decimal_text", value.copy())
    return exp.Case(ifs=[exp.If(this=is_decimal, true=digits)], default=found)


def _literal(node: exp.Cast, value: exp.Literal, name: str, safe: bool) -> exp.Expression:
    try:
        read = READERS[name](value.this)
    except ValueError as error:
        if safe:
            return exp.Cast(this=exp.null(), to=node.to)
        return exp.Cast(this=exp.func("_raise", exp.Literal.string(str(error))), to=node.to)
    if not isinstance(read, str):
        return macro(f"_bqml_to_{name}", value, exp.Boolean(this=safe))
    return exp.Cast(this=exp.Literal.string(read), to=node.to)


def _number(node: exp.Cast, scale: int) -> exp.Expression:
    """To NUMERIC or BIGNUMERIC: a literal keeps the digits as written, another FLOAT64 all that it has."""
    value = node.this
    checked = value.args.get("default") if isinstance(value, exp.Case) else None  # by bignumeric
    value = checked if checked is not None and kind(checked) == Type.DOUBLE else value
    inner = value.this if isinstance(value, exp.Neg) else value
    literal = inner.this if isinstance(inner, exp.Cast) and kind(inner) == Type.DOUBLE else inner
    if isinstance(literal, exp.Literal) and kind(inner) == Type.DOUBLE:
        sign = "-" if isinstance(value, exp.Neg) else ""
        return type(node)(this=exp.Literal.string(sign + literal.this), to=node.to)
    if kind(value) == Type.DOUBLE:
        written = exp.func("_bqml_decimal", value, exp.Literal.number(scale))
        return type(node)(this=written, to=node.to)
    return node


TEXTABLE = {
    Type.BIGINT, Type.INT, Type.BOOLEAN, Type.DATE, Type.DOUBLE, Type.TIME, Type.TIMESTAMP, Type.TIMESTAMPTZ,
    Type.DATETIME, Type.BINARY, Type.VARBINARY, Type.INTERVAL, *exp.DataType.TEXT_TYPES,
}  # fmt: skip


def install():
    """Translate the casts of statements before local-bigquery's own rules do."""
    exp.DataType.NESTED_TYPES.add(Type.RANGE)  # whose element is no parameter of a type
    statement_rules.add(mark_written, first=True)
    NODE_RULES.insert(0, cast_scalars)
    database_files.on_connect.append(register)
