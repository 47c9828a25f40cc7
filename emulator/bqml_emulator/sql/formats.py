"""FORMAT's %t, %T, %p and %P: any value as text or as a literal.

Source: BQ string functions, FORMAT (2026-08-22). DuckDB hands over a value as JSON together with its type.
"""

import functools
import json
import re

import duckdb
from duckdb.sqltypes import BIGINT, VARCHAR, DuckDBPyType
from local_bigquery.engine import types
from local_bigquery.sql.rules import NODE_RULES, strings
from sqlglot import exp

from bqml_emulator.engine import database_files

FUNCTION = "_bqml_text"
OURS = "tTpP"
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
CONTROLS = {chr(code): f"\\x{code:02x}" for code in (*range(32), 127)}
BASED = "oxX"  # integers by another base than ten, with a minus sign where DuckDB shows the bits
NUMERIC_SCALE = 9
FRACTION = re.compile(r"\.(\d+)")
BYTE = re.compile(rb"\\x([0-9A-F]{2})")  # as DuckDB writes those of BYTES that are no plain characters
DATES = re.compile(r"(-?\d+) ([ymd])")  # of DuckDB's intervals, as "2 years -1 month"
CLOCK = re.compile(r"(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?")
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
        how = {"indent": 2} if specifier == "P" else {"separators": (",", ":")}
        return json.dumps(found, ensure_ascii=False, default=str, sort_keys=True, **how)
    if value["v"] is None and str(kind) == "JSON" and not value["n"]:
        return _scalar(None, kind, literal=specifier == "T")
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
    _refuse_nulls_of_json(value, kind)
    if kind.id in ("list", "array"):
        return f"[{', '.join(_render(item, kind.children[0][1], literal) for item in value)}]"
    if kind.id in ("struct", "tuple"):
        if {name for name, _ in kind.children} == set(types.RANGE_FIELDS):
            raise ValueError("not emulated: FORMAT of a RANGE")
        items = list(value.values()) if isinstance(value, dict) else value
        fields = [
            _render(item, child, literal) for item, (_, child) in zip(items, kind.children, strict=True)
        ]
        return f"{'STRUCT' if literal and len(fields) < 2 else ''}({', '.join(fields)})"
    return _scalar(value, kind, literal)


def _refuse_nulls_of_json(value, kind: DuckDBPyType):
    """Within an ARRAY or a STRUCT, DuckDB hands over NULL and JSON 'null' alike."""
    if kind.id in ("list", "array"):
        inner = [(item, kind.children[0][1]) for item in value]
    elif kind.id in ("struct", "tuple"):
        items = value.values() if isinstance(value, dict) else value
        inner = [(item, child) for item, (_, child) in zip(items, kind.children, strict=True)]
    else:
        return
    if any(item is None and str(child) == "JSON" for item, child in inner):
        raise ValueError("not emulated: FORMAT of an ARRAY or STRUCT with NULL or 'null' for a JSON value")


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
        return _bytes(value, literal)
    if kind.id == "interval":
        return f'INTERVAL "{interval(value)}" YEAR TO SECOND' if literal else interval(value)
    written = thousands(str(value)) if kind.id.startswith("time") else str(value)
    if literal and kind.id in QUOTED_TYPES:
        is_big = kind.id == "decimal" and dict(kind.children)["scale"] > NUMERIC_SCALE
        return f"{'BIG' * is_big}{QUOTED_TYPES[kind.id]} {_quoted(written)}"
    return written


def thousands(written: str) -> str:
    """A time with no, 3 or 6 digits of its second's fraction."""
    return FRACTION.sub(lambda found: f".{found[1].ljust(3 if len(found[1]) <= 3 else 6, '0')}", written)


def interval(written: str) -> str:
    """An INTERVAL, written as DuckDB writes it, in GoogleSQL's form."""
    months = days = 0
    for number, unit in DATES.findall(written):
        months += int(number) * {"y": 12, "m": 1}.get(unit, 0)
        days += int(number) * (unit == "d")
    sign, hours, minutes, seconds, fraction = CLOCK.search(written).groups() if ":" in written else [""] * 5
    clock = f"{sign}{int(hours or 0)}:{int(minutes or 0)}:{int(seconds or 0)}"
    years = f"{'-' * (months < 0)}{abs(months) // 12}-{abs(months) % 12}"
    return thousands(f"{years} {days} {clock}{f'.{fraction}' if fraction else ''}")


def _bytes(written: str, literal: bool) -> str:
    raw = BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), written.encode())
    quote = _quote(raw.decode("latin-1"))
    escaped = "".join(
        f"\\{chr(byte)}"
        if chr(byte) in ("\\", quote if literal else "\\", *("'\"" if not literal else ""))
        else chr(byte)
        if 32 <= byte < 127
        else f"\\x{byte:02x}"
        for byte in raw
    )
    return f"b{quote}{escaped}{quote}" if literal else escaped


def _float(value: float, literal: bool) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return f'CAST("{value}" AS FLOAT64)' if literal else str(value)
    return repr(value)


def _quote(value: str) -> str:
    return "'" if '"' in value and "'" not in value else '"'


def _quoted(value: str) -> str:
    quote = _quote(value)
    escapes = CONTROLS | ESCAPES | {quote: f"\\{quote}"}
    return quote + "".join(escapes.get(character, character) for character in value) + quote


def based(value: int, specifier: str) -> str:
    """An integer by %o, %x or %X with their flags."""
    written = specifier % value
    return written.replace("0o", "0", 1) if "#" in specifier else written


def register(con: duckdb.DuckDBPyConnection):
    """Make the function when the database is opened."""
    con.create_function(FUNCTION, text, [VARCHAR, VARCHAR], VARCHAR)
    con.create_function("_bqml_based", based, [BIGINT, VARCHAR], VARCHAR)


def described(value: exp.Expression) -> exp.Expression:
    """{"t": the type of a value, "v": the value, "n": whether it is NULL}, as text."""
    is_null = exp.Is(this=value.copy(), expression=exp.null())
    pairs = {"t": exp.func("typeof", value.copy()), "v": value.copy(), "n": is_null}
    parts = (part for name, found in pairs.items() for part in (exp.convert(name), found))
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
        if used <= len(arguments) and letter in BASED and "'" not in flags:
            integer = exp.cast(arguments[used - 1], "BIGINT")
            arguments[used - 1] = exp.func("_bqml_based", integer, exp.convert(match[0]))
            return "%s"
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
