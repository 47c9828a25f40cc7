"""Functions whose arguments make sense only together: formats and values, ends and steps."""

import functools
import itertools
import random
from collections.abc import Callable, Iterator

from judge import edges
from judge.catalog import Slot
from judge.reference import Reference

SEED = 12
FAMILY = ("DATE", "DATETIME", "TIME", "TIMESTAMP")
EXTRA_FORMATS = [
    *(
        "'%d'",
        "'x', 1",
        "'%*d|', 5, 1",
        "'%%'",
        "'%'",
        "'%d %s', 1, 'a'",
        "'%-*d|', 5, 1",
        "'%.*f', 2, 1.567",
    ),
    *("CAST(NULL AS STRING), 1", "''"),
]
EXTRA_TEXTS = [  # of the PARSE functions that know years
    ("%d/%m/%y", "29/02/24"),
    ("%d/%m/%y", "01/01/70"),
    ("%b %e %Y", "feb 29 2024"),
    ("%A %d", "Monday 5"),
    ("%G-%V-%u", "2020-53-7"),
    ("%Y-%j", "2024-060"),
    ("%Y %m %d", "2023 2 29"),
    ("%Y%m%d", "20240229"),
]
MOMENTS = {"TIME": "%H:%M:%S", "DATE": "%Y-%m-%d"}
MOMENT = "%Y-%m-%d %H:%M:%S"
DATES = [
    ("2024-02-27", "2024-03-02"),
    ("2024-03-02", "2024-02-27"),
    ("2024-01-31", "2024-05-01"),
    ("9999-12-30", "9999-12-31"),
]
DATE_STEPS = [
    "",
    *(f", INTERVAL {step}" for step in ("1 DAY", "2 DAY", "-1 DAY", "0 DAY", "1 WEEK", "1 MONTH")),
]
DATE_STEPS += [", INTERVAL 1 QUARTER", ", INTERVAL 1 YEAR", ", INTERVAL 1 HOUR", ", INTERVAL NULL DAY"]
TIMES = [("2024-02-28 12:00:00", "2024-03-01 00:00:00"), ("2024-03-01 00:00:00", "2024-02-29 22:00:00")]
TIME_STEPS = ["1 DAY", "6 HOUR", "-1 HOUR", "0 DAY", "90 MINUTE", "86400 SECOND", "1 MONTH"]
RANGE_STEPS = ["1 MONTH", "20 DAY", "0 DAY", "36 HOUR"]


def quoted(text: str) -> str:
    """A text as a literal."""
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t"}
    return f"'{''.join(escapes.get(character, character) for character in text)}'"


def _format(slots: list[Slot], _: Reference) -> Iterator[str]:
    kind = slots[-1].type
    values = edges.values(kind)
    draw = random.Random(f"{SEED} FORMAT {kind}")
    for pattern in edges.FORMATS.get(kind, ["%t", "%T", "%s", "%d"]):
        some = (
            values
            if pattern in ("%t", "%T")
            else [values[0], *draw.sample(values[1:], min(3, len(values) - 1))]
        )
        yield from (f"FORMAT({quoted(pattern)}, {text})" for text in some)
    if kind == "INT64":
        yield from (f"FORMAT({arguments})" for arguments in EXTRA_FORMATS)


def _formatted(name: str, slots: list[Slot], _: Reference) -> Iterator[str]:
    kind, zoned = slots[1].type, len(slots) > len(("format", "value"))
    values = edges.values(kind)
    zones = itertools.cycle(edges.ZONES[2:7])
    for number, element in enumerate(edges.ELEMENTS):
        zone = f", {next(zones)}" if zoned and number % 2 else ""
        yield from (
            f"{name}('%{element}', {text}{zone})"
            for text in (values[0], values[2 + number % (len(values) - 2)])
        )
    yield from (
        f"{name}({pattern}, {values[0]})" for pattern in ("''", edges.null("STRING"), "'%'", "'x%Y%%é'")
    )
    moment = MOMENTS.get(kind, MOMENT).replace("%S", "%E6S")
    yield from (f"{name}('{moment}', {text})" for text in values)
    if zoned:
        yield from (f"{name}('%F %T %Z %z %Ez', {values[0]}, {zone})" for zone in edges.ZONES)


def _parsed(name: str, slots: list[Slot], reference: Reference) -> Iterator[str]:
    """Texts that the reference implementation itself formats, and spoilt ones."""
    kind = name.removeprefix("PARSE_")
    values = edges.values(kind)
    for number, element in enumerate(edges.ELEMENTS):
        formatted = (
            reference.evaluate(f"FORMAT_{kind}('%{element}', {values[0 if number % 3 else 2]})").value or "1"
        )
        yield f"{name}('%{element}', {quoted(formatted)})"
        if number % 4 == 0:
            yield f"{name}('%{element}', {quoted(formatted + ' x')})"
            yield f"{name}(' %{element}', {quoted('  ' + formatted)})"
    moment = MOMENTS.get(kind, MOMENT)
    for text, second in itertools.product((edges.null("STRING"), *edges.CAST_TEXTS[kind]), ("%S", "%E*S")):
        yield f"{name}('{moment.replace('%S', second)}', {text})"
    yield f"{name}({edges.null('STRING')}, '1')"
    yield f"{name}('', '')"
    if kind == "TIMESTAMP" and [slot.type for slot in slots[2:]] == ["STRING"]:
        yield from (f"{name}('{moment}', '2021-03-14 02:30:00', {zone})" for zone in edges.ZONES)
    if kind != "TIME":
        yield from (f"{name}('{pattern}', '{text}')" for pattern, text in EXTRA_TEXTS)


def _generated(slots: list[Slot], _: Reference) -> Iterator[str]:
    kind = slots[0].type
    for numbers in itertools.product(("1", "5", "-2"), ("5", "1"), ("1", "2", "-2", "0", "3")):
        typed = [f"{kind} '{text}'" if "NUM" in kind else f"CAST({text} AS {kind})" for text in numbers]
        yield f"GENERATE_ARRAY({', '.join(typed)})"
    ends = "9223372036854775806, 9223372036854775807"
    yield from (
        f"GENERATE_ARRAY({texts})" for texts in ("1, 3", "3, 1", "NULL, 1", "1, 2, NULL", "0.5, 2, 0.5", ends)
    )


def _dates(slots: list[Slot], _: Reference) -> Iterator[str]:
    for (start, end), step in itertools.product(DATES, DATE_STEPS):
        yield f"GENERATE_DATE_ARRAY(DATE '{start}', DATE '{end}'{step})"
    yield "GENERATE_DATE_ARRAY(NULL, DATE '2024-01-01')"


def _timestamps(slots: list[Slot], _: Reference) -> Iterator[str]:
    call = "GENERATE_TIMESTAMP_ARRAY(TIMESTAMP '{}+00', TIMESTAMP '{}+00', INTERVAL {})".format
    yield from (call(start, end, step) for (start, end), step in itertools.product(TIMES, TIME_STEPS))
    yield call("2024-01-01 00:00:00", "2024-01-01 00:00:00.000003", "1 MICROSECOND")
    yield "GENERATE_TIMESTAMP_ARRAY(NULL, TIMESTAMP '2024-01-01 00:00:00+00', INTERVAL 1 DAY)"


def _ranges(slots: list[Slot], _: Reference) -> Iterator[str]:
    spans = edges.values(slots[0].type)
    for span, step, last in itertools.product(spans, RANGE_STEPS, ("", ", TRUE", ", FALSE")):
        yield f"GENERATE_RANGE_ARRAY({span}, INTERVAL {step}{last})"


def _buckets(slots: list[Slot], _: Reference) -> Iterator[str]:
    """Arrays that ascend, as the function demands."""
    kind = slots[0].type
    bounds = {"INT64": "-1, 0, 2, 2, 100", "FLOAT64": "-2.5, 0.5, 1.5, 1.5", "STRING": "'', 'abcab', 'b'"}
    if kind in bounds:
        texts = edges.values(kind)
        arrays = (
            f"[{bounds[kind]}]",
            f"ARRAY<{kind}>[]",
            edges.null(f"ARRAY<{kind}>"),
            f"[{texts[0]}, NULL]",
        )
        yield from (f"RANGE_BUCKET({text}, {array})" for text, array in itertools.product(texts, arrays))


FUNCTIONS: dict[str, Callable[[list[Slot], Reference], Iterator[str]]] = {
    "FORMAT": _format,
    "GENERATE_ARRAY": _generated,
    "RANGE_BUCKET": _buckets,
    "GENERATE_DATE_ARRAY": _dates,
    "GENERATE_TIMESTAMP_ARRAY": _timestamps,
    "GENERATE_RANGE_ARRAY": _ranges,
    **{f"FORMAT_{kind}": functools.partial(_formatted, f"FORMAT_{kind}") for kind in FAMILY},
    **{f"PARSE_{kind}": functools.partial(_parsed, f"PARSE_{kind}") for kind in FAMILY},
}
