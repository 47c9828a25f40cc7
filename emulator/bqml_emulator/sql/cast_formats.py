"""CAST … FORMAT: dates, times and bytes as text and back, and numbers as text.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/format-elements (2026-11-27); what
is left open there, as in google/zetasql (public/functions/cast_date_time.cc).
"""

import base64
import calendar
import functools
import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import duckdb
from duckdb.sqltypes import BLOB, TIMESTAMP, VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import BigQueryDialect, macro
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules import datetime as datetimes
from local_bigquery.sql.rules.typing import BYTES, DECIMALS, TEXT, kind
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql import moments, number_formats, text, text_values, zones

Type = exp.DataType.Type
CATEGORIES = {
    "YEAR": "YYYY YYY YY Y RRRR RR Y,YYY IYYY IYY IY I SYYYY YEAR SYEAR",
    "MONTH": "MM MON MONTH RM",
    "DAY": "DDD DD D DAY DY J",
    "HOUR": "HH HH12 HH24",
    "MINUTE": "MI",
    "SECOND": "SS SSSSS FF1 FF2 FF3 FF4 FF5 FF6 FF7 FF8 FF9",
    "MERIDIAN_INDICATOR": "AM PM A.M. P.M.",
    "TIME_ZONE": "TZH TZM",
    "OTHER": "CC SCC Q IW WW W AD BC A.D. B.C. SP TH SPTH THSP FM FF10 FF11 FF12",
}
CATEGORY = {element: category for category, elements in CATEGORIES.items() for element in elements.split()}
LITERAL = re.compile(r'[-./,\';:]| +|"((?:[^"\\]|\\["\\])*)"')
NAMED = re.compile("|".join(map(re.escape, sorted(CATEGORY, key=len, reverse=True))), re.IGNORECASE)
DAYS = {"YEAR", "MONTH", "DAY"}
CLOCKS = {"HOUR", "MINUTE", "SECOND", "MERIDIAN_INDICATOR"}
ALLOWED = {
    "DATE": DAYS,
    "TIME": CLOCKS,
    "DATETIME": DAYS | CLOCKS,
    "TIMESTAMP": DAYS | CLOCKS | {"TIME_ZONE"},
}
NOT_READ = set("IYYY IYY IY I SYYYY YEAR SYEAR RM DDD D DAY DY J AM PM".split())
ONCE = ("MERIDIAN_INDICATOR", "YEAR", "MONTH", "DAY", "HOUR", "MINUTE")
ALIKE = {  # elements of FORMAT_DATE and its kin that are written in the same way
    "MM": "m", "MON": "b", "MONTH": "B", "DD": "d", "DDD": "j", "DAY": "A", "DY": "a", "HH": "I",
    "HH12": "I", "HH24": "H", "MI": "M", "SS": "S",
}  # fmt: skip
HALF_DAYS = {"HH", "HH12"}
SECONDS_OF_DAY = 24 * 3600
RANGES = {  # of numbers that are read: digits at most, least and greatest value
    "YYYY": (5, 0, 10_000), "RRRR": (5, 0, 10_000), "YYY": (3, 0, 999), "YY": (2, 0, 99), "Y": (1, 0, 9),
    "RR": (2, 0, 99), "MM": (2, 1, 12), "DD": (2, 1, 31), "HH": (2, 1, 12), "HH12": (2, 1, 12),
    "HH24": (2, 0, 23), "MI": (2, 0, 59), "SS": (2, 0, 59), "SSSSS": (5, 0, SECONDS_OF_DAY - 1),
    "TZM": (2, 0, 59),
}  # fmt: skip


class Element(NamedTuple):
    """A part of a format: an element by its name in upper case, or a text that stands for itself."""

    name: str
    written: str

    @property
    def category(self) -> str:
        """YEAR, MONTH and so on; nothing of a text."""
        return CATEGORY.get(self.name, "")


@functools.lru_cache(256)
def elements(template: str) -> tuple[Element, ...]:
    """The parts of a format. ValueError where there is none."""
    found, at = [], 0
    while at < len(template):
        if match := LITERAL.match(template, at):
            inner = match[1]
            found.append(Element("", match[0] if inner is None else re.sub(r"\\(.)", r"\1", inner)))
        elif match := NAMED.match(template, at):
            found.append(Element(match[0].upper(), match[0]))
        else:
            raise ValueError(f"Cannot find matched format element at {at}")
        at = match.end()
    return tuple(found)


def show(template: str | None, moment: datetime | None, kind: str, zone: str | None) -> str | None:
    """A DATE, TIME, DATETIME or TIMESTAMP by the format; a TIMESTAMP in the zone."""
    if template is None or moment is None or zone is None:
        return None
    parts = elements(template)
    for part in parts:
        if part.name and part.category not in ALLOWED[kind]:
            raise ValueError(f"{kind} does not support '{part.name}'")
    shown = moments.Shown(moment, kind.lower(), zone)
    return "".join(
        _cased(part.written, _shown(part.name, shown)) if part.name else part.written for part in parts
    )


def _shown(name: str, shown: moments.Shown) -> str:
    at = shown.at
    if alike := ALIKE.get(name):
        return moments.ELEMENTS[alike](shown)
    if name.startswith("FF"):
        return f"{at.microsecond:06}".ljust(9, "0")[: int(name[2:])]
    if CATEGORY[name] == "MERIDIAN_INDICATOR":
        return name.translate(str.maketrans("AP", "PP" if at.hour >= 12 else "AA"))
    match name:
        case "YYYY" | "RRRR":
            return f"{shown.year:04}"
        case "YYY" | "YY" | "Y" | "RR":
            return f"{shown.year % 10 ** len(name):0{len(name)}}"
        case "SSSSS":
            return f"{(at.hour * 60 + at.minute) * 60 + at.second:05}"
        case "TZH":
            return f"{'-' if shown.offset < 0 else '+'}{abs(shown.offset) // 60:02}"
        case "TZM":
            return f"{abs(shown.offset) % 60:02}"
        case "D":
            return str(at.isoweekday() % 7 + 1)
    raise ValueError(f"Unsupported format element '{name}'")


def _cased(written: str, shown: str) -> str:
    if written[0].islower():
        return shown.lower()
    is_name = len(written) > 1 and written[1].islower() and CATEGORY[written.upper()] != "MERIDIAN_INDICATOR"
    return shown if is_name else shown.upper()


class Reading:
    """What is known of a moment while a text is read: this month's first day, at first."""

    def __init__(self, now: datetime):
        self.year, self.month, self.day = now.year, now.month, 1
        self.hour = self.minute = self.second = self.micros = 0
        self.half: int | None = None
        self.is_afternoon = self.is_zoned = self.is_west = False
        self.zone_hours = self.zone_minutes = 0

    def moment(self, zone: str) -> datetime:
        """The moment in UTC. ValueError if there is none."""
        hour = self.hour if self.half is None else self.half % 12 + 12 * self.is_afternoon
        try:
            date(self.year, self.month, self.day)
        except ValueError:
            raise ValueError("Invalid result from year, month, day values after parsing") from None
        local = datetime(self.year, self.month, self.day, hour, self.minute, self.second, self.micros)
        if self.is_zoned:
            zone = f"{'-' if self.is_west else '+'}{self.zone_hours:02}:{self.zone_minutes:02}"
        try:
            return local - text_values.offset_at(local.replace(tzinfo=text_values.zone(zone)))
        except OverflowError:
            raise ValueError("The parsing result is out of valid time range") from None


def read(template: str | None, given: str | None, kind: str, zone: str | None) -> datetime | None:
    """The text by the format, as a DATE, TIME, DATETIME or TIMESTAMP. ValueError if it does not fit."""
    if template is None or given is None or zone is None:
        return None
    parts = elements(template)
    _check(parts, kind)
    found = Reading(datetime.now(UTC).astimezone(text_values.zone(zone)))
    at = len(given) - len(given.lstrip())
    for index, part in enumerate(parts):
        if at >= len(given) and part.written:
            raise ValueError(f"Entire timestamp string has been parsed before dealing with '{part.written}'")
        size = _taken(found, part, given[at:], _precedes_digits(parts[index + 1 :]))
        if size is None:
            raise ValueError(f"Failed to parse input timestamp string at {at} with '{part.written}'")
        at += size
    if given[at:].strip():
        raise ValueError(f"Illegal non-space trailing data '{given[at:]}' in timestamp string")
    return found.moment(zone if kind == "TIMESTAMP" else "UTC")


def _check(parts: tuple[Element, ...], kind: str):
    names = [part.name for part in parts if part.name]
    categories = [CATEGORY[name] for name in names]
    for name, category in zip(names, categories, strict=True):
        if name in NOT_READ or category == "OTHER":
            raise ValueError(f"Format element '{name}' is not supported for parsing")
        if category not in ALLOWED[kind]:
            message = "Format element in category {} ('{}') is not allowed for output type {}"
            raise ValueError(message.format(category, name, kind))
    if len({name[:2] if name.startswith("FF") else name for name in names}) < len(names):
        raise ValueError("A format element appears more than once in the format string")
    for category in ONCE:
        if categories.count(category) > 1:
            raise ValueError(f"More than one format element in category {category} exist")
    if bool(HALF_DAYS.intersection(names)) != ("MERIDIAN_INDICATOR" in categories):
        raise ValueError("Format elements HH, HH12 and A.M., P.M. are required together")
    if "SSSSS" in names and ({"SS"}.intersection(names) or {"HOUR", "MINUTE"}.intersection(categories)):
        raise ValueError("Format element 'SSSSS' and one of hours, minutes or seconds exist simultaneously")


def _precedes_digits(rest: tuple[Element, ...]) -> bool:
    following = next((part for part in rest if part.written), None)
    if following is None:
        return False
    if not following.name:
        return following.written[0].isdigit()
    return following.name not in ("MON", "MONTH", "A.M.", "P.M.", "TZH")


def _taken(found: Reading, part: Element, given: str, before_digits: bool) -> int | None:
    """How many characters the element takes; None if it does not fit."""
    match part.name:
        case "" if part.written.isspace():
            return len(given) - len(given.lstrip()) or None
        case "":
            return len(part.written) if given.startswith(part.written) else None
        case "MON" | "MONTH":
            return _month(
                found, given, list(calendar.month_abbr if part.name == "MON" else calendar.month_name)
            )
        case "A.M." | "P.M.":
            found.is_afternoon = given[:1].upper() == "P"
            return len(part.name) if given[: len(part.name)].upper() in ("A.M.", "P.M.") else None
        case "Y,YYY":
            match = re.match(r"(\d{1,2}),(\d{3})", given)
            found.year = int(match[1]) * 1000 + int(match[2]) if match else found.year
            return match and match.end()
        case "TZH":
            return _zone_hours(found, given, 2 if before_digits else 1)
        case _ if part.name.startswith("FF"):
            digits = int(part.name[2:])
            match = re.match(rf"\d{{{digits if before_digits else 1},{digits}}}", given)
            found.micros = int(match[0].ljust(6, "0")[:6]) if match else 0
            return match and match.end()
    return _number(found, part.name, given, before_digits)


def _month(found: Reading, given: str, names: list[str]) -> int | None:
    for number, name in enumerate(names):
        if name and given[: len(name)].lower() == name.lower():
            found.month = number
            return len(name)
    return None


def _zone_hours(found: Reading, given: str, least: int) -> int | None:
    match = re.match(rf"([-+ ])(\d{{{least},2}})", given)
    if match is None or int(match[2]) > text_values.WIDEST_OFFSET // timedelta(hours=1):
        return None
    found.is_zoned, found.is_west, found.zone_hours = True, match[1] == "-", int(match[2])
    return match.end()


def _number(found: Reading, name: str, given: str, before_digits: bool) -> int | None:
    most, low, high = RANGES[name]
    exact = 4 if name in ("YYYY", "RRRR") else most  # digits where others follow
    match = re.match(rf"\d{{{exact if before_digits else f'1,{most}'}}}", given)
    if match is None or not low <= int(match[0]) <= high:
        return None
    value = int(match[0])
    match name:
        case "RR":
            century = found.year // 100
            century += (value < 50 <= found.year % 100) - (value >= 50 > found.year % 100)
            found.year = century * 100 + value
        case "YYYY" | "RRRR":
            found.year = value
        case "YYY" | "YY" | "Y":
            size = 10 ** len(name)
            found.year += value - found.year % size
        case "SSSSS":
            found.hour, rest = divmod(value, 3600)
            found.minute, found.second = divmod(rest, 60)
        case "TZM":
            found.is_zoned, found.zone_minutes = True, value
        case _:
            fields = {"MM": "month", "DD": "day", "HH24": "hour", "MI": "minute", "SS": "second"}
            setattr(found, fields.get(name, "half"), value)
    return match.end()


def encoded(value: bytes | None, template: str | None) -> str | None:
    """BYTES as text by the format."""
    if value is None or template is None:
        return None
    try:
        match template.upper():
            case "HEX" | "BASE16":
                return value.hex()
            case "BASE2":
                return "".join(f"{byte:08b}" for byte in value)
            case "BASE8":
                return f"{int.from_bytes(value):0{-(-len(value) * 8 // 3)}o}" if value else ""
            case "BASE64":
                return base64.b64encode(value).decode()
            case "BASE64M":
                return base64.encodebytes(value).decode().rstrip("\n")
            case "ASCII" | "UTF-8" | "UTF8":
                return value.decode(template)
    except UnicodeDecodeError:
        raise ValueError(f"Failed to decode invalid {template.upper()} string") from None
    raise _no_format(template)


def decoded(given: str | None, template: str | None) -> bytes | None:
    """A text as BYTES by the format. ValueError if it does not fit."""
    if given is None or template is None:
        return None
    name = template.upper()
    try:
        match name:
            case "HEX" | "BASE16":
                return (
                    bytes.fromhex("0" * (len(given) % 2) + given) if " " not in given else bytes.fromhex("x")
                )
            case "BASE2" | "BASE8":
                bits = 1 if name == "BASE2" else 3
                return _of_digits(given, bits)
            case "BASE64" | "BASE64M":
                return text.unpadded(given)
            case "ASCII" | "UTF-8" | "UTF8":
                return given.encode(template)
    except ValueError:
        raise ValueError(f"Failed to decode invalid {name} string") from None
    raise _no_format(template)


def _of_digits(given: str, bits: int) -> bytes:
    if not given:
        return b""
    if re.search(r"[^01]" if bits == 1 else r"[^0-7]", given):
        raise ValueError(given)
    whole, rest = divmod(len(given), 8)  # 8 digits are `bits` bytes
    size = whole * bits + -(-rest // (8 if bits == 1 else 3))
    number = int(given, 2**bits)
    return (number & ((1 << size * 8) - 1)).to_bytes(size)


def _no_format(template: str) -> ValueError:
    if template.upper() == "BASE32":  # in the function reference, not in the reference implementation
        return ValueError("not emulated: CAST with FORMAT 'BASE32'; TO_BASE32 and FROM_BASE32 are")
    return ValueError(f"Invalid format '{template}'")


def _number_text(value: str | None, kind: str, template: str | None) -> str | None:
    return None if value is None or template is None else number_formats.text(value, kind, template)


MOMENTS = {  # by DuckDB's type: the value as a TIMESTAMP, and GoogleSQL's type
    "DATE": ("x::TIMESTAMP", "DATE"),
    "TIMESTAMP": ("x", "DATETIME"),
    "TIME": ("DATE '1970-01-01' + x", "TIME"),
    "TIMETZ": ("DATE '1970-01-01' + x::TIME", "TIME"),
    "TIMESTAMPTZ": ("x::TIMESTAMP", "TIMESTAMP"),
}
NUMBERS = {"BIGINT": "integer", "HUGEINT": "integer", "DOUBLE": "float"}


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions and the macro when the database is opened."""
    special = {"null_handling": "special"}
    con.create_function("_bqml_cast_show", show, [VARCHAR, TIMESTAMP, VARCHAR, VARCHAR], VARCHAR, **special)
    con.create_function("_bqml_cast_read", read, [VARCHAR, VARCHAR, VARCHAR, VARCHAR], TIMESTAMP, **special)
    con.create_function("_bqml_cast_number", _number_text, [VARCHAR, VARCHAR, VARCHAR], VARCHAR, **special)
    con.create_function("_bqml_encoded", encoded, [BLOB, VARCHAR], VARCHAR, **special)
    con.create_function("_bqml_decoded", decoded, [VARCHAR, VARCHAR], BLOB, **special)
    bodies = {kind: f"_bqml_cast_show(form, {x}, '{name}', zone)" for kind, (x, name) in MOMENTS.items()}
    bodies |= {kind: f"_bqml_cast_number(x::VARCHAR, '{name}', form)" for kind, name in NUMBERS.items()}
    bodies["BLOB"] = "_bqml_encoded(x, form)"
    of_types = ", ".join(f"(x {kind}, form VARCHAR, zone VARCHAR) AS {body}" for kind, body in bodies.items())
    con.execute(f"CREATE MACRO bq.main._bqml_cast_text {of_types}")


def by_format(node: exp.Expression, context) -> exp.Expression:
    """Node rule: a cast with a format."""
    form = node.args.get("format") if isinstance(node, exp.Cast) else None
    if form is None:
        return node
    zone: exp.Expression = exp.Literal.string("UTC")
    if isinstance(form, exp.AtTimeZone):
        form, zone = form.this, form.args["zone"]
    target, value = node.to.this, node.this
    if target in TEXT:
        is_decimal = kind(value) in DECIMALS
        digits = (exp.cast(value.copy(), "VARCHAR"), exp.Literal.string("decimal"), form)
        made = (
            exp.func("_bqml_cast_number", *digits)
            if is_decimal
            else macro("_bqml_cast_text", value, form, zone)
        )
    elif target in BYTES:
        made = exp.func("_bqml_decoded", value, form)
    else:
        name = node.to.sql("bigquery")
        if name not in ALLOWED:
            raise BigQueryError("invalidQuery", f"FORMAT is not allowed for cast to {name}")
        made = exp.func("_bqml_cast_read", form, value, exp.Literal.string(name), zone)
    if isinstance(node, exp.TryCast):
        made = exp.func("TRY", made)
    return zones.own_cast(made, node.to)


def install():
    """Keep the type that a cast with a format is to, which sqlglot drops, and look at it before others do."""
    parser = BigQueryDialect.Parser
    parse = parser._parse_cast

    def parse_cast(self, strict: bool, safe: bool | None = None) -> exp.Expression:
        start = self._index
        parsed = parse(self, strict, safe)
        inner = parsed
        while isinstance(inner, exp.Cast):  # local-bigquery's, around TIME and DATETIME
            inner = inner.this
        if not isinstance(inner, exp.StrToDate | exp.StrToTime):
            return parsed
        self._retreat(start)
        value = self._parse_assignment()
        self._match_text_seq("AS")
        to = self._parse_types()
        self._match_text_seq("FORMAT")
        form = self._parse_at_time_zone(self._parse_wrapped(self._parse_string, optional=True))
        return self.build_cast(strict=strict, this=value, to=to, format=form, safe=safe)

    parser._parse_cast = parse_cast
    NODE_RULES[NODE_RULES.index(datetimes.format_cast)] = by_format
    database_files.on_connect.append(register)
