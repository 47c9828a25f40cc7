"""TO_JSON_STRING and TO_JSON: a value of each type as BigQuery encodes it.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings
(2026-08-22); digits of seconds and floats as in google/zetasql (date_time_util.cc, string_numbers.cc).
"""

import base64
import functools
import json
import re
from decimal import Decimal

import duckdb
from duckdb.sqltypes import BOOLEAN, VARCHAR, DuckDBPyType
from local_bigquery.engine import types
from local_bigquery.sql.rules import NODE_RULES, typing
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql.formats import BYTE, DATES, Number, described, duckdb_type, thousands

FUNCTION = "_bqml_json"
WIDEST = 2**53  # up to which every integer is a float; TO_JSON_STRING quotes those beyond
CLOCK = re.compile(r"(-?)(\d+):(\d+):(\d+(?:\.\d+)?)")


def text(description: str, pretty: bool, stringify: bool) -> str:
    """A value, as {"t": DuckDB's type, "v": the value}, as JSON; `stringify` puts wide numbers in quotes."""
    value = json.loads(description, parse_float=Number)
    return _encode(value["v"], duckdb_type(value["t"]), stringify, "\n" if pretty else "")


def _encode(value, kind: DuckDBPyType | None, stringify: bool, margin: str) -> str:
    inner = margin and margin + "  "
    encode = functools.partial(_encode, stringify=stringify, margin=inner)
    if value is None:
        return "null"
    if isinstance(value, dict):
        kinds = dict(kind.children) if kind is not None and kind.id == "struct" else {}
        colon = ": " if margin else ":"
        fields = [_name(name) + colon + encode(item, kinds.get(name)) for name, item in value.items()]
        return _joined("{", fields, "}", inner, margin)
    if isinstance(value, list):
        items = _children(value, kind)
        return _joined("[", [encode(item, child) for item, child in items], "]", inner, margin)
    return _scalar(value, kind, stringify)


def _children(items: list, kind: DuckDBPyType | None) -> list[tuple]:
    if kind is None or str(kind) == "JSON":
        return [(item, None) for item in items]
    if kind.id == "tuple":  # a STRUCT without names
        return list(zip(items, (child for _, child in kind.children), strict=True))
    return [(item, kind.children[0][1]) for item in items]


def _name(name: str) -> str:
    """The key of a field; ranges are structs whose fields local-bigquery names with a prefix."""
    written = name.removeprefix("__range_") if name in types.RANGE_FIELDS else name
    return json.dumps(written, ensure_ascii=False)


def _joined(opening: str, parts: list[str], closing: str, inner: str, margin: str) -> str:
    return f"{opening}{inner}{f',{inner}'.join(parts)}{margin}{closing}" if parts else opening + closing


def _scalar(value, kind: DuckDBPyType | None, stringify: bool) -> str:
    name = "json" if kind is None or str(kind) == "JSON" else kind.id
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(TEXTS.get(name, str)(value), ensure_ascii=False)
    if name in ("float", "double"):
        return _float(float(value))
    written = getattr(value, "written", str(value))
    if name == "json":
        return written
    plain = written.rstrip("0").rstrip(".") if "." in written else written
    is_wide = "." in plain or abs(int(plain)) > WIDEST
    return f'"{plain}"' if stringify and is_wide else plain


def _float(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return '"NaN"' if value != value else f'"{"-" * (value < 0)}Infinity"'
    short = f"{value:.15g}"
    return short if float(short) == value else f"{value:.17g}"


def _moment(written: str) -> str:
    """A time: a fraction of 3 or 6 digits, "T" before it, "Z" where DuckDB names UTC."""
    return thousands(written).replace(" ", "T").replace("+00", "Z")


def _interval(written: str) -> str:
    """An interval after ISO 8601."""
    dates = "".join(f"{number}{unit.upper()}" for number, unit in DATES.findall(written))
    sign, *parts = CLOCK.search(written).groups() if ":" in written else [""]
    named = zip(map(Decimal, parts), "HMS", strict=False)
    times = "".join(f"{sign}{part.normalize():f}{unit}" for part, unit in named if part)
    return f"P{dates}{'T' * bool(times)}{times}" if dates or times else "P0Y"


def _base64(written: str) -> str:
    raw = BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), written.encode())
    return base64.b64encode(raw).decode()


TEXTS = {
    "timestamp": _moment,
    "timestamp with time zone": _moment,
    "time": _moment,
    "interval": _interval,
    "blob": _base64,
}


def register(con: duckdb.DuckDBPyConnection):
    """Make the function when the database is opened."""
    con.create_function(FUNCTION, text, [VARCHAR, BOOLEAN, BOOLEAN], VARCHAR)


def encode_values(node: exp.Expression, context) -> exp.Expression:
    """Node rule: TO_JSON_STRING(value[, pretty_print]) and TO_JSON(value)."""
    name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if name not in typing.TO_JSON or not node.expressions:
        return node
    value, *options = node.expressions
    if name == "bq.main.to_json_string":
        return exp.func(FUNCTION, described(value), options[0] if options else exp.false(), exp.true())
    if options:
        return node
    return encoded(value)


def encoded(value: exp.Expression) -> exp.Expression:
    """TO_JSON(value)."""
    return exp.cast(exp.func(FUNCTION, described(value), exp.false(), exp.false()), "JSON")


def install():
    """Encode before local-bigquery does."""
    NODE_RULES.insert(NODE_RULES.index(typing.json_bytes), encode_values)
    database_files.on_connect.append(register)
