"""TO_JSON_STRING and TO_JSON: a value of each type as BigQuery encodes it, and JSON as it is written.

A JSON document has its members in the order of their names, the first of equal ones, and its numbers as
nlohmann's JSON library writes them.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings
(2026-08-22); digits of seconds and floats as in google/zetasql (date_time_util.cc, string_numbers.cc).
"""

import base64
import functools
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import duckdb
from duckdb.sqltypes import BOOLEAN, VARCHAR, DuckDBPyType
from local_bigquery.engine import types
from local_bigquery.sql.rules import NODE_RULES, typing
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql.formats import BYTE, DATES, Number, described, duckdb_type, thousands

FUNCTION, DOCUMENT = "_bqml_json", "_bqml_document"
FLOATS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
LEAST, MOST = -(2**63), 2**64 - 1  # among the integers of documents; others are FLOAT64
LONGEST = 1e15  # from which on nlohmann's library has an exponent, Python's repr from 1e16
WIDEST = 2**53  # up to which every integer is a float; TO_JSON_STRING quotes those beyond
CLOCK = re.compile(r"(-?)(\d+):(\d+):(\d+(?:\.\d+)?)")


class Style(NamedTuple):
    """How numbers are written: which of those that are no FLOAT64 are put in quotes, and each FLOAT64."""

    is_quoted: Callable[[str], bool]
    float: Callable[[float], str]


def text(description: str, pretty: bool) -> str:
    """TO_JSON_STRING of a value, which is given as {"t": DuckDB's type, "v": the value}."""
    value = json.loads(description, parse_float=Number)
    return _encode(value["v"], duckdb_type(value["t"]), STRINGS, "\n" if pretty else "")


def document(description: str, stringify: bool) -> str:
    """TO_JSON of such a value; `stringify` puts those numbers in quotes that no FLOAT64 is."""
    value = json.loads(description, parse_float=Number)
    style = STRINGIFIED if stringify else DOCUMENTS
    return rewritten(_encode(value["v"], duckdb_type(value["t"]), style, ""))


def rewritten(text: str) -> str:
    """A JSON text as a document is written. ValueError if it is none."""
    return written(json.loads(text, object_pairs_hook=members))


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The first of equal names."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def written(value: Any) -> str:
    """What Python has read of a document."""
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{_quoted(name)}:{written(item)}" for name, item in sorted(value.items())) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    is_wide = isinstance(value, int) and not LEAST <= value <= MOST
    if is_wide or isinstance(value, float):
        return _document_float(float(value))
    return _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _document_float(value: float) -> str:
    if not math.isfinite(value):
        return f'"{FLOATS[str(value)]}"'
    shortest = repr(value + 0.0)  # no -0.0
    if LONGEST <= abs(value) < LONGEST * 10:
        digits, _, zeros = shortest.lstrip("-").partition(".")
        fraction = f"{digits[1:]}{zeros}".rstrip("0")
        return f"{'-' * (value < 0)}{digits[0]}{'.' * bool(fraction)}{fraction}e+15"
    return shortest


def _encode(value, kind: DuckDBPyType | None, style: Style, margin: str) -> str:
    inner = margin and margin + "  "
    encode = functools.partial(_encode, style=style, margin=inner)
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
    return _scalar(value, kind, style)


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


def _scalar(value, kind: DuckDBPyType | None, style: Style) -> str:
    name = "json" if kind is None or str(kind) == "JSON" else kind.id
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(TEXTS.get(name, str)(value), ensure_ascii=False)
    if name in ("float", "double"):
        return style.float(float(value))
    written = getattr(value, "written", str(value))
    if name == "json":
        return _document_float(value) if isinstance(value, float) else written
    plain = written.rstrip("0").rstrip(".") if "." in written else written
    return f'"{plain}"' if style.is_quoted(plain) else plain


def _is_no_float(plain: str) -> bool:
    return Decimal(repr(float(plain))) != Decimal(plain) if "." in plain else abs(int(plain)) > WIDEST


def _float(value: float) -> str:
    if not math.isfinite(value):
        return f'"{FLOATS[str(value)]}"'
    value += 0.0  # no -0.0
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


STRINGS = Style(lambda plain: "." in plain or abs(int(plain)) > WIDEST, _float)
DOCUMENTS = Style(lambda plain: False, _document_float)
STRINGIFIED = Style(_is_no_float, _document_float)
TEXTS = {
    "timestamp": _moment,
    "timestamp with time zone": _moment,
    "time": _moment,
    "interval": _interval,
    "blob": _base64,
}


def register(con: duckdb.DuckDBPyConnection):
    """Make the function when the database is opened."""
    con.create_function(FUNCTION, text, [VARCHAR, BOOLEAN], VARCHAR)
    con.create_function(DOCUMENT, document, [VARCHAR, BOOLEAN], VARCHAR)
    con.create_function("_bqml_rewritten", rewritten, [VARCHAR], VARCHAR)


def encode_values(node: exp.Expression, context) -> exp.Expression:
    """Node rule: TO_JSON_STRING(value[, pretty_print]) and TO_JSON(value[, stringify_wide_numbers])."""
    name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if name not in typing.TO_JSON or not node.expressions:
        return node
    value, *options = node.expressions
    if name == "bq.main.to_json_string":
        return exp.func(FUNCTION, described(value), options[0] if options else exp.false())
    return encoded(value, *(option.expression for option in options))


def encoded(value: exp.Expression, stringify: exp.Expression | None = None) -> exp.Expression:
    """TO_JSON(value)."""
    return exp.cast(exp.func(DOCUMENT, described(value), stringify or exp.false()), "JSON")


def install():
    """Encode before local-bigquery does."""
    NODE_RULES.insert(NODE_RULES.index(typing.json_bytes), encode_values)
    database_files.on_connect.append(register)
