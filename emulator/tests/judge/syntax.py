"""How calls of functions and operators are written."""

import re
from collections.abc import Callable, Sequence

from judge.catalog import Slot


def _list(template: str, separator: str = ", ") -> Callable[..., str]:
    """The first argument, if the template asks for it, and the others as a list."""
    if "{first}" in template:
        return lambda first, *others: template.format(first=first, others=separator.join(others))
    return lambda *others: template.format(others=separator.join(others))


OPERATORS: dict[str, Callable[..., str]] = {
    "$add": "({} + {})".format,
    "$subtract": "({} - {})".format,
    "$multiply": "({} * {})".format,
    "$divide": "({} / {})".format,
    "$unary_minus": "(- {})".format,
    "$bitwise_not": "(~ {})".format,
    "$bitwise_or": "({} | {})".format,
    "$bitwise_and": "({} & {})".format,
    "$bitwise_xor": "({} ^ {})".format,
    "$bitwise_left_shift": "({} << {})".format,
    "$bitwise_right_shift": "({} >> {})".format,
    "$equal": "({} = {})".format,
    "$not_equal": "({} != {})".format,
    "$less": "({} < {})".format,
    "$less_or_equal": "({} <= {})".format,
    "$greater": "({} > {})".format,
    "$greater_or_equal": "({} >= {})".format,
    "$between": "({} BETWEEN {} AND {})".format,
    "$concat_op": "({} || {})".format,
    "$and": _list("({others})", " AND "),
    "$or": _list("({others})", " OR "),
    "$not": "(NOT {})".format,
    "$is_null": "({} IS NULL)".format,
    "$is_true": "({} IS TRUE)".format,
    "$is_false": "({} IS FALSE)".format,
    "$is_distinct_from": "({} IS DISTINCT FROM {})".format,
    "$is_not_distinct_from": "({} IS NOT DISTINCT FROM {})".format,
    "$like": "({} LIKE {})".format,
    "$like_any": _list("({first} LIKE ANY ({others}))"),
    "$like_all": _list("({first} LIKE ALL ({others}))"),
    "$not_like_any": _list("({first} NOT LIKE ANY ({others}))"),
    "$not_like_all": _list("({first} NOT LIKE ALL ({others}))"),
    "$in": _list("({first} IN ({others}))"),
    "$in_array": "({} IN UNNEST({}))".format,
    "$array_at_offset": "{}[OFFSET({})]".format,
    "$array_at_ordinal": "{}[ORDINAL({})]".format,
    "$safe_array_at_offset": "{}[SAFE_OFFSET({})]".format,
    "$safe_array_at_ordinal": "{}[SAFE_ORDINAL({})]".format,
    "$subscript": "{}[{}]".format,
    "$make_array": _list("[{others}]"),
    "$interval": "INTERVAL {} {}".format,
    "$case_no_value": lambda *a: f"CASE WHEN {a[0]} THEN {a[1]} ELSE {a[-1]} END",
    "$case_with_value": lambda *a: f"CASE {a[0]} WHEN {a[1]} THEN {a[2]} ELSE {a[-1]} END",
    "$extract": lambda moment, part, *zone: _extract(part, moment, *zone),
    "$extract_date": lambda moment, *zone: _extract("DATE", moment, *zone),
    "$extract_datetime": lambda moment, *zone: _extract("DATETIME", moment, *zone),
    "$extract_time": lambda moment, *zone: _extract("TIME", moment, *zone),
}
MOVES = re.compile(r"(DATE|DATETIME|TIME|TIMESTAMP)_(ADD|SUB)")
NAMED = {
    "append_each_element",
    "create_if_missing",
    "include_arrays",
    "insert_each_element",
    "max_distance",
    "precision",
    "remove_empty",
    "stringify_wide_numbers",
    "timezone",
    "wide_number_mode",
}


def _extract(part: str, moment: str, zone: str = "") -> str:
    return f"EXTRACT({part} FROM {moment}{f' AT TIME ZONE {zone}' if zone else ''})"


def call(name: str, slots: Sequence[Slot], arguments: Sequence[str]) -> str:
    """The call as SQL."""
    if operator := OPERATORS.get(name):
        return operator(*arguments)
    if MOVES.fullmatch(name):
        moment, count, part = arguments
        return f"{name}({moment}, INTERVAL {count} {part})"
    texts = (
        f"{slot.name} => {text}" if slot.named_only or slot.name in NAMED else text
        for slot, text in zip(slots, arguments, strict=True)
    )
    return f"{name}({', '.join(texts)})"
