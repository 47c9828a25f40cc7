"""Values as GoogleSQL writes them in texts: what a cast from STRING takes, and what a cast to STRING gives.

As in google/zetasql: public/functions/{convert_string.h, date_time_util.cc}, public/interval_value.cc. Each
reader returns a text that DuckDB's own cast reads, or raises ValueError in GoogleSQL's words.
"""

import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta, timezone

BLANKS = " \t\n\v\f\r"
INTEGER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)")
FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
HEXADECIMAL = re.compile(r"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)([pP][+-]?[0-9]+)?")
SPECIAL = re.compile(r"([+-]?)(inf|infinity|nan)(\(\w*\))?", re.IGNORECASE)
NUMBER = re.compile(r"([+-]?)\s*((?:[0-9,]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*([+-]?)")
DAY = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
CLOCK = r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.([0-9]{1,6}))?"
DATE = re.compile(DAY)
TIME = re.compile(CLOCK)
DATETIME = re.compile(f"{DAY}(?:[ Tt]{CLOCK})?")
TIMESTAMP = re.compile(f"{DAY}(?:[ Tt]{CLOCK})?(.*)", re.DOTALL)
OFFSET = re.compile(r"([+-])([0-9]{1,2})(?::?([0-9]{2}))?")
WIDEST_OFFSET = timedelta(hours=14)
ZONES = frozenset(zoneinfo.available_timezones())
INTERVAL = re.compile(
    r"(?:([+-]?)([0-9]+)-([0-9]+)(?: ([+-]?[0-9]+))?$|"
    r"(?:([+-]?)([0-9]+)-([0-9]+) ([+-]?[0-9]+) |([+-]?[0-9]+) )?"
    r"([+-]?)([0-9]+):([0-9]+):([0-9]+)(?:\.([0-9]{1,6}))?$)"
)
ISO_INTERVAL = re.compile(r"P((?:-?[0-9]+[YMWD])*)(?:T((?:-?[0-9]+[HM]|-?[0-9]+(?:[.,][0-9]{1,6})?S)*))?")
ISO_PART = re.compile(r"(-?)([0-9]+)(?:[.,]([0-9]+))?([A-Z])")
MONTHS, DAYS, MICROS = 120_000, 3_660_000, 316_224_000_000 * 10**6  # that an INTERVAL holds
UNBOUNDED = ("UNBOUNDED", "NULL")


def integer(text: str) -> str:
    """INT64."""
    found = text.strip(BLANKS)
    if INTEGER.fullmatch(found):
        value = int(found, 16 if "x" in found.lower() else 10)
        if -(2**63) <= value < 2**63:
            return str(value)
    raise ValueError(f"Bad int64 value: {text}")


def number(text: str) -> str:
    """FLOAT64."""
    found = text.strip(BLANKS)
    if FLOAT.fullmatch(found):
        return repr(float(found))
    if HEXADECIMAL.fullmatch(found):
        return repr(float.fromhex(found))
    if match := SPECIAL.fullmatch(found):
        name = match[2].lower()
        if name == "nan" or not match[3]:
            return "nan" if name == "nan" else f"{match[1]}inf"
    raise ValueError(f"Bad double value: {text}")


def boolean(text: str) -> str:
    """BOOL."""
    if text.lower() in ("true", "false"):
        return text.lower()
    raise ValueError(f"Bad bool value: {text}")


def decimal(text: str, name: str) -> str:
    """What PARSE_NUMERIC and PARSE_BIGNUMERIC take: commas, and a sign at either end."""
    match = NUMBER.fullmatch(text.strip(BLANKS))
    if not match or (match[1] and match[3]) or not any(c.isdigit() for c in match[2].partition("e")[0]):
        raise ValueError(f'Invalid input to {name}: "{text}"')
    return (match[1] or match[3]) + match[2].replace(",", "")


def day(text: str) -> str:
    """DATE."""
    match = DATE.fullmatch(text)
    if not match:
        raise ValueError(f"Invalid date: '{text}'")
    try:
        return date(*map(int, match.groups())).isoformat()
    except ValueError:
        raise ValueError(f"Date value out of range: '{text}'") from None


def clock(text: str) -> str:
    """TIME; the second 60 is the next minute's first."""
    match = TIME.fullmatch(text)
    try:
        if match:
            return _moment(("2000", "1", "1"), match.groups()).time().isoformat()
    except (ValueError, OverflowError):
        pass
    raise ValueError(f'Invalid time string "{text}"')


def moment(text: str) -> str:
    """DATETIME."""
    match = DATETIME.fullmatch(text)
    try:
        if match:
            return _moment(match.groups()[:3], match.groups()[3:]).isoformat(" ")
    except (ValueError, OverflowError):
        pass
    raise ValueError(f'Invalid datetime string "{text}"')


def instant(text: str, default: str = "UTC") -> str:
    """TIMESTAMP; in the default zone where the text names none."""
    match = TIMESTAMP.fullmatch(text)
    if not match:
        raise ValueError(f"Invalid timestamp: '{text}'")
    rest, has_time = match[8], match[4] is not None
    try:
        local = _moment(match.groups()[:3], match.groups()[3:7])
    except (ValueError, OverflowError):
        raise ValueError(f"Invalid timestamp: '{text}'") from None
    if not rest:
        chosen = zone(default)
    elif rest in ("Z", "z") and has_time:
        chosen = UTC
    elif OFFSET.fullmatch(rest) and has_time:
        chosen = zone(rest)
    elif rest[0] == " " and has_time and not OFFSET.fullmatch(rest[1:]):
        chosen = zone(rest[1:])
    else:
        raise ValueError(f"Invalid timestamp: '{text}'")
    try:
        return f"{(local - offset_at(local.replace(tzinfo=chosen))).isoformat(' ')}+00"
    except OverflowError:
        raise ValueError(f'Invalid timestamp string "{text}"') from None


def zone(name: str) -> zoneinfo.ZoneInfo | timezone:
    """A time zone by its name or as an offset."""
    if match := OFFSET.fullmatch(name):
        size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if size <= WIDEST_OFFSET and int(match[3] or 0) < 60:
            return timezone(-size if match[1] == "-" else size)
    if name.startswith("UTC") and OFFSET.fullmatch(name[3:]):
        return zone(name[3:])
    if name not in ZONES:
        raise ValueError(f"Invalid time zone: {name}" if name else "Invalid empty time zone")
    return zoneinfo.ZoneInfo(name)


def offset_at(moment: datetime) -> timedelta:
    """The offset of a local time: whole minutes, as GoogleSQL has them also where a zone had seconds."""
    found = moment.utcoffset() or timedelta()
    minutes = abs(found) // timedelta(minutes=1)
    return timedelta(minutes=minutes if found >= timedelta() else -minutes)


def _moment(days, clocks) -> datetime:
    hour, minute, second, fraction = clocks
    if hour is None:
        return datetime(*map(int, days))
    micros = int((fraction or "").ljust(6, "0"))
    if int(second) == 60:
        return datetime(*map(int, days), int(hour), int(minute), 59) + timedelta(seconds=1)
    return datetime(*map(int, days), int(hour), int(minute), int(second), micros)


def interval(text: str) -> dict[str, int]:
    """INTERVAL, of canonical form or of ISO 8601, as its months, days and microseconds."""
    months = days = micros = 0
    if match := INTERVAL.match(text):
        sign, years, more, extra, sign2, years2, more2, extra2, alone, minus, *clocks = match.groups()
        whole = int(years or years2 or 0) * 12 + int(more or more2 or 0)
        months = -whole if "-" in (sign, sign2) else whole
        days = int(extra or extra2 or alone or 0)
        if clocks[0]:
            hours, minutes, seconds, fraction = clocks
            micros = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 10**6
            micros += int((fraction or "").ljust(6, "0"))
            micros = -micros if minus == "-" else micros
    elif (match := ISO_INTERVAL.fullmatch(text)) and text != "P":
        for sign, whole, _, unit in ISO_PART.findall(match[1]):
            value = -int(whole) if sign else int(whole)
            months += value * {"Y": 12, "M": 1}.get(unit, 0)
            days += value * {"W": 7, "D": 1}.get(unit, 0)
        for sign, whole, fraction, unit in ISO_PART.findall(match[2] or ""):
            value = int(whole) * {"H": 3600, "M": 60, "S": 1}[unit] * 10**6 + int(fraction.ljust(6, "0"))
            micros += -value if sign else value
    else:
        raise ValueError(f"Invalid INTERVAL value '{text}'")
    for name, value, limit in (("months", months, MONTHS), ("days", days, DAYS), ("micros", micros, MICROS)):
        if abs(value) > limit:
            raise ValueError(f"Interval field {name} '{value}' is out of range -{limit} to {limit}")
    return {"months": months, "days": days, "micros": micros}


def bounds(text: str) -> dict[str, str | None]:
    """The two bounds of a RANGE, NULL where there is none."""
    if not (text.startswith("[") and text.endswith(")")):
        raise ValueError(
            f"Failed to parse range: range must be formatted exactly as [START, END) (found {text})"
        )
    parts = text[1:-1].split(", ")
    if len(parts) != 2 or any(part != part.strip() for part in parts):
        raise ValueError(
            "Failed to parse range: range must be formatted exactly as [START, END) with two parts, "
            'START and END, divided with ", "'
        )
    start, end = (None if part.upper() in UNBOUNDED else part for part in parts)
    return {"low": start, "high": end}


def float_text(value: float) -> str:
    """A FLOAT64: 15 digits where they say it, else 17."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    short = f"{value:.15g}" if value else "0"
    return short if float(short) == value else f"{value:.17g}"
