"""FORMAT_DATE and its kin, PARSE_DATE and its kin: every element of GoogleSQL, on any type of time.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/format-elements (2026-11-27); what
is left open there, as in google/zetasql (public/functions/parse_date_time.cc). DuckDB formats where only
elements are used that it has alike.
"""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import duckdb
from duckdb.sqltypes import BOOLEAN, TIMESTAMP, VARCHAR
from local_bigquery.sql.dialect import BigQueryDialect, macro
from local_bigquery.sql.rules import NODE_RULES, safe
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql import casts, text_values, zones

ELEMENT = re.compile(r"%(E[0-9]+S|E\*[Sz]|E4Y|E[a-zA-Z]|O[a-zA-Z]|[^EO]|[EO]?$)", re.DOTALL)
MICROSECONDS = 6  # digits
CYCLE = 400  # years after which the calendar repeats, to reckon beyond the years that Python has
OF_DATES = set("AaBbhCcDdeFGgjmQUuVWwxYys")
OF_TIMES = set("HIklMPpRrSTXcs")
OF_ZONES = {"Z", "z", "Ez", "E*z", "s"}
SIMPLE = {  # elements that DuckDB formats in the same way, by function
    "FORMAT_DATE": re.compile(r"(%[YmdFBbAaj]|[^%])+"),
    "FORMAT_DATETIME": re.compile(r"(%[YmdFBbAajHMST]|[^%])+"),
    "FORMAT_TIME": re.compile(r"(%[HMST]|[^%])+"),
    "FORMAT_TIMESTAMP": re.compile(r"(%[YmdFBbAajHMST]|[^%])+"),
}
KINDS = {
    "FORMAT_DATE": "date",
    "FORMAT_DATETIME": "datetime",
    "FORMAT_TIME": "time",
    "FORMAT_TIMESTAMP": "timestamp",
}
PARSED = {  # the type that each makes, its name in SQL
    "PARSE_DATE": "DATE",
    "PARSE_DATETIME": "TIMESTAMP",
    "PARSE_TIME": "TIME",
    "PARSE_TIMESTAMP": "TIMESTAMPTZ",
}
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
WEEKDAYS |= {name.lower(): number for number, name in enumerate(calendar.day_abbr)}


class Shown:
    """A moment as it is shown: local, with its years shifted into those that Python has, and its zone."""

    def __init__(self, moment: datetime, kind: str, zone: str | None):
        self.kind, self.years, self.offset, self.epoch = kind, 0, 0, 0
        if kind == "timestamp":
            chosen = text_values.zone(zone if zone is not None else "UTC")
            self.epoch = (moment - datetime(1970, 1, 1)) // timedelta(seconds=1)
            self.years = {9999: CYCLE, 1: -CYCLE}.get(moment.year, 0)
            moment = moment.replace(year=moment.year - self.years)
            reference = moment.replace(tzinfo=UTC)
            offset = text_values.offset_at(reference.astimezone(chosen))
            moment += offset
            self.offset = int(offset.total_seconds()) // 60
        elif kind == "datetime":
            self.epoch = (moment - datetime(1970, 1, 1)) // timedelta(seconds=1)
        self.at = moment

    @property
    def year(self) -> int:
        """The year that it is."""
        return self.at.year + self.years

    def allows(self, element: str) -> bool:
        """Whether the element says something of such a value; else it stays as it is written."""
        letter = element[-1]
        if element in OF_ZONES and letter != "s":
            return self.kind == "timestamp"
        if letter == "s" or letter in "c":
            return self.kind in ("timestamp", "datetime")
        if self.kind == "date":
            return letter not in OF_TIMES and not element.endswith("S")
        if self.kind == "time":
            return letter not in OF_DATES or element.endswith("S")
        return True


def _hour12(at: datetime) -> int:
    return at.hour % 12 or 12


def _week(at: datetime, first: int) -> int:
    """Of the year; days before its first `first` (0 is Monday) are week 0."""
    return (at.timetuple().tm_yday + 6 - (at.weekday() - first) % 7) // 7


def _zone(shown: Shown) -> str:
    if not shown.offset:
        return "UTC"
    hours, minutes = divmod(abs(shown.offset), 60)
    sign = "-" if shown.offset < 0 else "+"
    return f"UTC{sign}{hours:02}{minutes:02}" if minutes else f"UTC{sign}{hours}"


def _offset(shown: Shown, colon: str) -> str:
    hours, minutes = divmod(abs(shown.offset), 60)
    return f"{'-' if shown.offset < 0 else '+'}{hours:02}{colon}{minutes:02}"


def _iso_year(shown: Shown) -> int:
    return shown.at.isocalendar().year + shown.years


def _fraction(shown: Shown, digits: int) -> str:
    seconds = f"{shown.at.second:02}"
    return f"{seconds}.{f'{shown.at.microsecond:06}'.ljust(digits, '0')[:digits]}" if digits else seconds


ELEMENTS: dict[str, Callable[[Shown], str]] = {
    "A": lambda s: calendar.day_name[s.at.weekday()],
    "a": lambda s: calendar.day_abbr[s.at.weekday()],
    "B": lambda s: calendar.month_name[s.at.month],
    "b": lambda s: calendar.month_abbr[s.at.month],
    "h": lambda s: calendar.month_abbr[s.at.month],
    "C": lambda s: f"{s.year // 100:02}",
    "c": lambda s: f"{ELEMENTS['a'](s)} {ELEMENTS['b'](s)} {ELEMENTS['e'](s)} {ELEMENTS['T'](s)} {s.year}",
    "D": lambda s: f"{s.at.month:02}/{s.at.day:02}/{s.year % 100:02}",
    "x": lambda s: f"{s.at.month:02}/{s.at.day:02}/{s.year % 100:02}",
    "d": lambda s: f"{s.at.day:02}",
    "e": lambda s: f"{s.at.day:2}",
    "F": lambda s: f"{s.year}-{s.at.month:02}-{s.at.day:02}",
    "G": lambda s: str(_iso_year(s)),
    "g": lambda s: f"{_iso_year(s) % 100:02}",
    "H": lambda s: f"{s.at.hour:02}",
    "I": lambda s: f"{_hour12(s.at):02}",
    "j": lambda s: f"{s.at.timetuple().tm_yday:03}",
    "k": lambda s: f"{s.at.hour:2}",
    "l": lambda s: f"{_hour12(s.at):2}",
    "M": lambda s: f"{s.at.minute:02}",
    "m": lambda s: f"{s.at.month:02}",
    "n": lambda s: "\n",
    "P": lambda s: "am" if s.at.hour < 12 else "pm",
    "p": lambda s: "AM" if s.at.hour < 12 else "PM",
    "Q": lambda s: str((s.at.month + 2) // 3),
    "R": lambda s: f"{s.at.hour:02}:{s.at.minute:02}",
    "r": lambda s: f"{_hour12(s.at):02}:{s.at.minute:02}:{s.at.second:02} {ELEMENTS['p'](s)}",
    "S": lambda s: f"{s.at.second:02}",
    "s": lambda s: str(s.epoch),
    "T": lambda s: f"{s.at.hour:02}:{s.at.minute:02}:{s.at.second:02}",
    "X": lambda s: f"{s.at.hour:02}:{s.at.minute:02}:{s.at.second:02}",
    "t": lambda s: "\t",
    "U": lambda s: f"{_week(s.at, 6):02}",
    "u": lambda s: str(s.at.isoweekday()),
    "V": lambda s: f"{s.at.isocalendar().week:02}",
    "W": lambda s: f"{_week(s.at, 0):02}",
    "w": lambda s: str(s.at.isoweekday() % 7),
    "Y": lambda s: str(s.year),
    "y": lambda s: f"{s.year % 100:02}",
    "Z": _zone,
    "z": lambda s: _offset(s, ""),
    "Ez": lambda s: _offset(s, ":"),
    "E*z": lambda s: f"{_offset(s, ':')}:00",
    "E4Y": lambda s: f"{s.year:04}",
    "EY": lambda s: f"{s.year:04}",
    "E*S": lambda s: f"{s.at.second:02}" + f".{s.at.microsecond:06}".rstrip("0").rstrip("."),
    "%": lambda s: "%",
}


def show(
    template: str | None, moment: datetime | None, kind: str, zone: str | None, zoned: bool
) -> str | None:
    """The moment by the template; a zone is given (`zoned`) or UTC."""
    if template is None or moment is None or (zoned and zone is None):
        return None
    shown = Shown(moment, kind, zone if zoned else None)

    def element(match: re.Match) -> str:
        name = match[1]
        if name in ("", "E", "O"):
            return match[0]
        if not shown.allows(name):
            return match[0]
        if name[0] == "E" and name[1:-1].isdigit() and name[-1] == "S":
            return _fraction(shown, int(name[1:-1]))
        found = ELEMENTS.get(name) or (ELEMENTS.get(name[1:]) if name[0] in "EO" and len(name) == 2 else None)
        if found is None:
            raise ValueError(f"not emulated: the format element %{name}")
        return found(shown)

    return ELEMENT.sub(element, template)


BLANK = r"\s*"
READ: dict[str, str] = {  # elements that are one number or name
    "Y": r"\d{1,4}", "E4Y": r"\d{4}", "y": r"\d{1,2}", "m": r"\d{1,2}", "d": r"\d{1,2}",
    "e": r"\s?\d{1,2}",
    "j": r"\d{1,3}", "H": r"\d{1,2}", "k": r"\s?\d{1,2}", "I": r"\d{1,2}", "l": r"\s?\d{1,2}",
    "M": r"\d{1,2}",
    "S": r"\d{1,2}", "C": r"\d{1,2}", "s": r"-?\d+", "Q": r"[1-4]", "p": r"[AaPp][Mm]", "P": r"[AaPp][Mm]",
        "z": r"[+-]\d{2}:?\d{2}|Z", "Ez": r"[+-]\d{1,2}(?::?\d{2})?|Z", "Z": r"[A-Za-z][A-Za-z0-9_/+-]*",
}  # fmt: skip
NAMES = {"A": WEEKDAYS, "a": WEEKDAYS, "B": MONTHS, "b": MONTHS, "h": MONTHS}
COMPOUND = {"D": "%m/%d/%y", "x": "%m/%d/%y", "F": "%Y-%m-%d", "T": "%H:%M:%S", "X": "%H:%M:%S", "R": "%H:%M",
            "r": "%I:%M:%S %p", "c": "%a %b %e %H:%M:%S %Y"}  # fmt: skip


class Reading:
    """What is known of a moment while a text is read."""

    def __init__(self) -> None:
        self.year, self.month, self.day = 1970, 1, 1
        self.hour = self.minute = self.second = self.micros = 0
        self.afternoon: bool | None = None
        self.hour12 = False
        self.day_of_year: int | None = None
        self.weekday: int | None = None
        self.century: int | None = None
        self.two_digits: int | None = None
        self.epoch: int | None = None
        self.zone: str | None = None


def _failed(text: str) -> ValueError:
    return ValueError(f'Failed to parse input string "{text}"')


def read(template: str, text: str, kind: str, zone: str | None) -> datetime:
    """The text by the template; `zone` holds where the text names none. ValueError if it does not fit."""
    found, at = Reading(), len(text) - len(text.lstrip())
    steps = _steps(template)
    for position, step in enumerate(steps):
        if step is None:  # blanks
            at = len(text) - len(text[at:].lstrip())
            continue
        literal, name = step
        if literal is not None:
            if not text.startswith(literal, at):
                raise _failed(text)
            at += len(literal)
            continue
        at = _element(found, name, text, at, steps[position + 1 :])
    if text[at:].strip():
        raise _failed(text)
    return _made(found, text, kind, zone)


def _steps(template: str) -> list:
    steps, at = [], 0
    while at < len(template):
        if template[at].isspace():
            if not steps or steps[-1] is not None:
                steps.append(None)
            at += 1
            continue
        if template[at] != "%":
            steps.append((template[at], None))
            at += 1
            continue
        match = ELEMENT.match(template, at)
        name = match[1] if match else ""
        if name[:1] in ("E", "O") and len(name) == 2 and name not in ("Ez",):
            name = name[1:]
        if name in ("n", "t"):
            steps.append(None)
        elif name == "%":
            steps.append(("%", None))
        elif name in COMPOUND:
            steps += _steps(COMPOUND[name])
        else:
            steps.append((None, name))
        at = match.end() if match else len(template)
    return steps


def _element(found: Reading, name: str, text: str, at: int, rest: list) -> int:
    if name in NAMES:
        match = re.compile(r"[A-Za-z]+").match(text, at)
        names = sorted(NAMES[name], key=len, reverse=True)
        chosen = next((n for n in names if match and match[0].lower().startswith(n)), None)
        if chosen is None:
            raise _failed(text)
        if NAMES[name] is MONTHS:
            found.month, found.day_of_year = MONTHS[chosen], None
        else:
            found.weekday = WEEKDAYS[chosen]
        return at + len(chosen)
    if name == "E*S" or (name[0] == "E" and name[-1] == "S"):
        digits = None if name == "E*S" else int(name[1:-1])
        match = re.compile(r"(\d{1,2})(?:\.(\d+))?" if digits != 0 else r"(\d{1,2})").match(text, at)
        if not match:
            raise _failed(text)
        found.second = _bounded(match[1], 0, 60, text)
        fraction = (match[2] if digits != 0 else None) or ""
        if len(fraction) > MICROSECONDS and name != "E*S":
            raise _failed(text)
        if digits and len(fraction) > digits:
            found.micros = int(fraction[:digits].ljust(6, "0"))
            return match.start(2) + digits
        found.micros = int(fraction.ljust(6, "0")[:6])
        return match.end()
    pattern = READ.get(name)
    if pattern is None:
        raise ValueError(f"not emulated: reading the format element %{name}")
    match = re.compile(pattern).match(text, at)
    if not match:
        raise _failed(text)
    _take(found, name, match[0].strip(), text)
    return match.end()


def _bounded(text: str, low: int, high: int, whole: str) -> int:
    if not low <= int(text) <= high:
        raise _failed(whole)
    return int(text)


def _take(found: Reading, name: str, part: str, text: str):
    match name:
        case "Y" | "E4Y":
            found.year, found.century, found.two_digits = int(part), None, None
        case "y":
            found.two_digits = int(part)
        case "C":
            found.century = int(part)
        case "z" | "Ez" | "Z":
            found.zone = "UTC" if part == "Z" else part
        case "m" | "d" | "e" | "j":
            _take_day(found, name, part, text)
        case _:
            _take_clock(found, name, part, text)


def _take_day(found: Reading, name: str, part: str, text: str):
    match name:
        case "m":
            found.month, found.day_of_year = _bounded(part, 1, 12, text), None
        case "d" | "e":
            found.day, found.day_of_year = _bounded(part, 1, 31, text), None
        case "j":
            found.day_of_year = _bounded(part, 1, 366, text)


def _take_clock(found: Reading, name: str, part: str, text: str):
    match name:
        case "H" | "k":
            found.hour, found.hour12 = _bounded(part, 0, 23, text), False
        case "I" | "l":
            found.hour, found.hour12 = _bounded(part, 1, 12, text), True
        case "M":
            found.minute = _bounded(part, 0, 59, text)
        case "S":
            found.second = _bounded(part, 0, 60, text)
        case "s":
            found.epoch = int(part)
        case "p" | "P":
            found.afternoon = part.lower() == "pm"


def _made(found: Reading, text: str, kind: str, zone: str | None) -> datetime:
    if found.epoch is not None:
        return datetime(1970, 1, 1) + timedelta(seconds=found.epoch)
    year = found.year
    if found.two_digits is not None:
        base = (
            found.century * 100 if found.century is not None else (1900 if found.two_digits >= 69 else 2000)
        )
        year = base + found.two_digits
    elif found.century is not None:
        year = found.century * 100
    hour = found.hour
    if found.hour12:
        hour = hour % 12 + (12 if found.afternoon else 0)
    try:
        day = _day(found, year)
        second = 59 if found.second == 60 else found.second
        micros = 0 if found.second == 60 else found.micros
        local = datetime(day.year, day.month, day.day, hour, found.minute, second, micros)
        if found.second == 60:
            local += timedelta(seconds=1)
        if kind != "timestamp":
            return local
        chosen = text_values.zone(found.zone or zone or "UTC")
        return local - text_values.offset_at(local.replace(tzinfo=chosen))
    except (ValueError, OverflowError) as error:
        raise error if "Invalid" in str(error) and "time zone" in str(error) else _failed(text) from None


def _day(found: Reading, year: int) -> date:
    if found.day_of_year is not None:
        return date(year, 1, 1) + timedelta(days=found.day_of_year - 1)
    return date(year, found.month, found.day)


def _read(
    template: str | None, text: str | None, kind: str, zone: str | None, zoned: bool
) -> datetime | None:
    if template is None or text is None or (zoned and zone is None):
        return None
    return read(template, text, kind, zone if zoned else None)


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions and macros when the database is opened."""
    special = {"null_handling": "special"}
    con.create_function(
        "_bqml_show", show, [VARCHAR, TIMESTAMP, VARCHAR, VARCHAR, BOOLEAN], VARCHAR, **special
    )
    con.create_function(
        "_bqml_read", _read, [VARCHAR, VARCHAR, VARCHAR, VARCHAR, BOOLEAN], TIMESTAMP, **special
    )
    values = {
        "DATE": ("x::TIMESTAMP", "date"),
        "TIMESTAMP": ("x", "datetime"),
        "TIME": ("DATE '1970-01-01' + x", "time"),
        "TIMETZ": ("DATE '1970-01-01' + x::TIME", "time"),
        "TIMESTAMPTZ": ("x::TIMESTAMP", "timestamp"),
        "BIGINT": ("NULL::TIMESTAMP", "date"),
    }
    bodies = ", ".join(
        f"(template VARCHAR, x {given}, zone VARCHAR, zoned BOOLEAN) AS "
        f"_bqml_show(template, {value}, '{kind}', zone, zoned)"
        for given, (value, kind) in values.items()
    )
    con.execute(f"CREATE MACRO bq.main._bqml_format {bodies}")


def _format(name: str, theirs: Callable) -> Callable:
    def build(args: list[exp.Expression], dialect) -> exp.Expression:
        template, value = args[0], args[1]
        if len(args) == 2 and template.is_string and SIMPLE[name].fullmatch(template.name):
            return theirs(args, dialect)
        if isinstance(value, exp.Literal) and value.is_string:
            value = macro(f"_bqml_to_{KINDS[name]}", value, exp.false())
        zone = args[2] if len(args) > 2 else exp.null()
        shown = macro("_bqml_format", template, value, zone, exp.Boolean(this=len(args) > 2))
        return zones.own_cast(shown, "VARCHAR")

    return build


def _parse(name: str) -> Callable:
    kind = {"TIMESTAMPTZ": "timestamp"}.get(PARSED[name], "datetime")

    def build(args: list[exp.Expression]) -> exp.Expression:
        zone = args[2] if len(args) > 2 else exp.null()
        zoned = exp.Boolean(this=len(args) > 2)
        found = exp.func("_bqml_read", args[0], args[1], exp.Literal.string(kind), zone, zoned)
        return zones.own_cast(found, PARSED[name])

    return build


def safe_last(node: exp.Expression, context) -> exp.Expression:
    """Node rule: SAFE.PARSE_DATE casts what SAFE has given, so that SAFE is of a function."""
    inner = node.this if isinstance(node, exp.SafeFunc) else None
    if isinstance(inner, exp.Cast) and inner.meta.get(casts.WRITTEN) is False:
        node.set("this", inner.this)
        inner.set("this", safe.safe_function(node, context))
        return inner
    return node


def install():
    """Read the functions' calls ourselves: sqlglot would translate their templates."""
    known = BigQueryDialect.Parser.FUNCTIONS
    for name in SIMPLE:
        known[name] = _format(name, known[name])
    for name in PARSED:
        known[name] = _parse(name)
    NODE_RULES.insert(0, safe_last)
    database_files.on_connect.append(register)
