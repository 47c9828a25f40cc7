"""FORMAT's %t, %T, %p and %P: any value as text or as a literal.

Source: BQ string functions, FORMAT (2026-08-22). DuckDB hands over a value as JSON together with its type.
"""

import functools
import json
import re

import duckdb
from duckdb.sqltypes import VARCHAR, DuckDBPyType
from local_bigquery.sql.rules import NODE_RULES, strings
from sqlglot import exp

from bqml_emulator.engine import database_files

FUNCTION = "_bqml_text"
OURS = "tTpP"
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
QUOTED_TYPES = {
    "date": "DATE",
    "time": "TIME",
    "timestamp": "DATETIME",
    "timestamp with time zone": "TIMESTAMP",
    "decimal": "NUMERIC",
}
SPECIFIER = re.compile(r"%(?:%|([-+ #0']*)(\d*)((?:\.\d+)?)([a-zA-Z]))")


def text(description: str, specifier: str) -> str:
    """A value, as {"t": DuckDB's type, "v": the value}, in the way of a specifier."""
    value = json.loads(description, parse_float=Number)
    kind = duckdb_type(value["t"])
    if specifier in "pP":
        found = json.loads(value["v"]) if kind.id == "varchar" and isinstance(value["v"], str) else value["v"]
        return json.dumps(found, indent=2 if specifier == "P" else None, ensure_ascii=False, default=str)
    return _render(value["v"], kind, literal=specifier == "T")


class Number(float):
    """A number that is written as it was."""

    def __init__(self, written: str):
        self.written = written

    def __new__(cls, written: str):
        return super().__new__(cls, written)


@functools.lru_cache(1024)
def duckdb_type(name: str) -> DuckDBPyType:
    """The type that typeof() names."""
    return duckdb.sqltype(name)


def _render(value, kind: DuckDBPyType, literal: bool) -> str:
    if value is None:
        return "NULL"
    if kind.id in ("list", "array"):
        return f"[{', '.join(_render(item, kind.children[0][1], literal) for item in value)}]"
    if kind.id in ("struct", "tuple"):
        items = list(value.values()) if isinstance(value, dict) else value
        fields = [
            _render(item, child, literal) for item, (_, child) in zip(items, kind.children, strict=True)
        ]
        return f"{'STRUCT' if literal and len(fields) < 2 else ''}({', '.join(fields)})"
    return _scalar(value, kind, literal)


def _scalar(value, kind: DuckDBPyType, literal: bool) -> str:
    if str(kind) == "JSON":
        written = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return f"JSON {_quoted(written)}" if literal else written
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind.id in ("float", "double"):
        return _float(float(value), literal)
    if kind.id == "decimal":
        plain = getattr(value, "written", str(value))
        value = plain.rstrip("0").rstrip(".") if "." in plain else plain
    if kind.id in ("varchar", "uuid"):
        return _quoted(value) if literal else value
    if kind.id == "blob":
        return f"b{_quoted(value)}" if literal else value
    if literal and kind.id in QUOTED_TYPES:
        return f"{QUOTED_TYPES[kind.id]} {_quoted(str(value))}"
    return str(value)


def _float(value: float, literal: bool) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return f'CAST("{value}" AS FLOAT64)' if literal else str(value)
    return repr(value)


def _quoted(value: str) -> str:
    return '"' + "".join(ESCAPES.get(character, character) for character in value) + '"'


def register(con: duckdb.DuckDBPyConnection):
    """Make the function when the database is opened."""
    con.create_function(FUNCTION, text, [VARCHAR, VARCHAR], VARCHAR)


def described(value: exp.Expression) -> exp.Expression:
    """{"t": the type of a value, "v": the value}, as text."""
    parts = (exp.convert("t"), exp.func("typeof", value.copy()), exp.convert("v"), value.copy())
    return exp.cast(exp.func("json_object", *parts, dialect="duckdb"), "VARCHAR")


def render_arguments(node: exp.Expression, context) -> exp.Expression:
    """Node rule: %t, %T, %p and %P of a literal format become %s of the text they stand for."""
    template = node.this if isinstance(node, exp.Format) else None
    if not (isinstance(template, exp.Literal) and template.is_string):
        return node
    arguments, used = list(node.expressions), 0

    def specifier(match: re.Match) -> str:
        nonlocal used
        flags, width, precision, letter = match.groups()
        if letter is None:
            return match[0]
        used += 1
        if letter not in OURS or used > len(arguments):
            return match[0]
        arguments[used - 1] = exp.func(FUNCTION, described(arguments[used - 1]), exp.convert(letter))
        return f"%{flags}{width}{precision}s"

    written = SPECIFIER.sub(specifier, template.this)
    return exp.Format(this=exp.Literal.string(written), expressions=arguments)


def install():
    """Look at formats before local-bigquery does."""
    NODE_RULES.insert(NODE_RULES.index(strings.format_), render_arguments)
    database_files.on_connect.append(register)
