"""GoogleSQL's types as texts, and values of either side as the same Python values.

INT64, BOOL, STRING, BYTES and FLOAT64 are themselves; NUMERIC and BIGNUMERIC are Decimal; DATE, TIME and
DATETIME are ISO texts; TIMESTAMP is microseconds since the epoch; INTERVAL is months, days and
microseconds; JSON is its text, written anew; a RANGE is its two bounds; ARRAY and STRUCT are a list and a
tuple. NULL is None.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import Any

from zetasql.wasi._pb2.zetasql.public import type_pb2, value_pb2

NAMES = {"DOUBLE": "FLOAT64", "FLOAT": "FLOAT32"}
OF_THE_API = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
NUMERIC_SCALE, BIGNUMERIC_SCALE = 9, 38
EXACT = Context(prec=100)  # more digits than BIGNUMERIC has
EPOCH = date(1970, 1, 1)
INTERVAL = re.compile(r"(-?)(\d+)-(\d+) (-?\d+) (-?)(\d+):(\d+):(\d+)(?:\.(\d+))?")


def name(proto: type_pb2.TypeProto) -> str:
    """The type as SQL writes it; fields without a name are called as in BigQuery's results."""
    kind = type_pb2.TypeKind.Name(proto.type_kind).removeprefix("TYPE_")
    if kind == "ARRAY":
        return f"ARRAY<{name(proto.array_type.element_type)}>"
    if kind == "RANGE":
        return f"RANGE<{name(proto.range_type.element_type)}>"
    if kind == "STRUCT":
        fields = enumerate(proto.struct_type.field, 1)
        return _struct([(f.field_name or f"_field_{number}", name(f.field_type)) for number, f in fields])
    if kind == "ENUM":
        return f"ENUM {proto.enum_type.enum_name.rpartition('.')[2]}"
    return NAMES.get(kind, kind)


def of_field(field: Mapping[str, Any]) -> str:
    """The type of a column as the API's schema tells it."""
    kind = OF_THE_API.get(field["type"], field["type"])
    if kind in ("RECORD", "STRUCT"):
        kind = _struct([(f["name"], of_field(f)) for f in field["fields"]])
    elif kind == "RANGE":
        kind = f"RANGE<{field['rangeElementType']['type']}>"
    return f"ARRAY<{kind}>" if field.get("mode") == "REPEATED" else kind


def _struct(fields: list[tuple[str, str]]) -> str:
    return f"STRUCT<{', '.join(f'{field} {kind}' for field, kind in fields)}>"


def of_reference(value: value_pb2.ValueProto, proto: type_pb2.TypeProto) -> Any:
    """A value of the reference implementation."""
    which = value.WhichOneof("value")
    if which is None:
        return None
    content = getattr(value, which)
    match which:
        case "array_value":
            return [of_reference(item, proto.array_type.element_type) for item in content.element]
        case "struct_value":
            kinds = (field.field_type for field in proto.struct_type.field)
            return tuple(of_reference(*pair) for pair in zip(content.field, kinds, strict=True))
        case "range_value":
            kind = proto.range_type.element_type
            return of_reference(content.start, kind), of_reference(content.end, kind)
    return SIMPLE[which](content) if which in SIMPLE else content


def _datetime(content: value_pb2.ValueProto.Datetime) -> str:
    bits = content.bit_field_datetime_seconds
    day = bits >> 26, bits >> 22 & 15, bits >> 17 & 31
    return datetime(*day, *_clock(bits), content.nanos // 1000).isoformat()


def _time(bits: int) -> str:
    return time(*_clock(bits >> 30), (bits & (1 << 30) - 1) // 1000).isoformat()


def _months_days_micros(content: bytes) -> tuple[int, int, int]:
    micros, days = (int.from_bytes(content[a:b], "little", signed=True) for a, b in ((0, 8), (8, 12)))
    bits = int.from_bytes(content[12:16], "little")  # a sign, months, and parts of a microsecond
    months = bits >> 13 & (1 << 18) - 1
    return -months if bits >> 31 else months, days, micros


def _clock(bits: int) -> tuple[int, int, int]:
    return bits >> 12 & 31, bits >> 6 & 63, bits & 63


def _decimal(content: bytes, scale: int) -> Decimal:
    return _normal(EXACT.scaleb(Decimal(int.from_bytes(content, "little", signed=True)), -scale))


def _normal(number: Decimal) -> Decimal:
    return EXACT.normalize(number) if number else Decimal(0)


def _json(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False)


SIMPLE: dict[str, Callable[[Any], Any]] = {
    "date_value": lambda days: (EPOCH + timedelta(days=days)).isoformat(),
    "timestamp_value": lambda moment: moment.seconds * 10**6 + moment.nanos // 1000,
    "datetime_value": _datetime,
    "time_value": _time,
    "numeric_value": lambda content: _decimal(content, NUMERIC_SCALE),
    "bignumeric_value": lambda content: _decimal(content, BIGNUMERIC_SCALE),
    "interval_value": _months_days_micros,
    "json_value": _json,
}


def of_cell(cell: Any, field: Mapping[str, Any]) -> Any:
    """A value of the API's rows; what does not fit its type stays as it is."""
    try:
        return _of_cell(cell, field)
    except (ValueError, ArithmeticError, TypeError, KeyError):
        return cell


def _of_cell(cell: Any, field: Mapping[str, Any]) -> Any:
    if field.get("mode") == "REPEATED":
        return [_of_cell(item["v"], {**field, "mode": "NULLABLE"}) for item in cell]
    if cell is None:
        return None
    if field["type"] in ("RECORD", "STRUCT"):
        return tuple(_of_cell(c["v"], f) for c, f in zip(cell["f"], field["fields"], strict=True))
    if field["type"] == "RANGE":
        ends = cell.strip("[)").split(", ")
        return tuple(
            None if e in ("UNBOUNDED", "NULL") else _of_text(e, field["rangeElementType"]["type"])
            for e in ends
        )
    return _of_text(cell, field["type"])


def _of_text(text: str, kind: str) -> Any:
    match OF_THE_API.get(kind, kind):
        case "INT64" | "TIMESTAMP":
            return int(text)
        case "FLOAT64":
            return float(text)
        case "BOOL":
            return {"true": True, "false": False}[text]
        case "NUMERIC" | "BIGNUMERIC":
            return _normal(Decimal(text))
        case "BYTES":
            return base64.b64decode(text, validate=True)
        case "DATETIME":
            return datetime.fromisoformat(text).isoformat()
        case "TIME":
            return time.fromisoformat(text).isoformat()
        case "JSON":
            return _json(text)
        case "INTERVAL":
            return _interval(text)
    return text


def _interval(text: str) -> Any:
    match = INTERVAL.fullmatch(text)
    if not match:
        raise ValueError(text)
    years, months, days, hours, minutes, seconds = (int(match[group]) for group in (2, 3, 4, 6, 7, 8))
    micros = ((hours * 60 + minutes) * 60 + seconds) * 10**6 + int((match[9] or "").ljust(6, "0"))
    months += years * 12
    return -months if match[1] else months, days, -micros if match[5] else micros
