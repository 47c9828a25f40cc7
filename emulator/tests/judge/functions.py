"""What is asked: every function, operator and cast of the catalog that BigQuery has too, with edge values.

Each argument is varied alone around ordinary values, then some of the other combinations are drawn; the same
cases come each time.
"""

import enum
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from judge import catalog, edges, rows, special, syntax
from judge.catalog import Function, Slot
from judge.pools import pool
from judge.reference import Reference

LIMIT = 20  # cases of a signature; twice that of a function
MATH, TEXT, TIMES = "math and numeric", "strings and bytes", "dates, times and intervals"
NESTED, CONVERSION = "arrays, structs and JSON", "conversion"
AGGREGATES, WINDOWS, OPERATORS = "aggregates", "windows", "operators"
MISC = "hash, net, regexp and others"
FAMILIES = {  # by the pages of BigQuery's reference
    "mathematical_functions": MATH,
    "bit_functions": MATH,
    "string_functions": TEXT,
    "date_functions": TIMES,
    "datetime_functions": TIMES,
    "time_functions": TIMES,
    "timestamp_functions": TIMES,
    "interval_functions": TIMES,
    "time-series-functions": TIMES,
    "range-functions": TIMES,
    "array_functions": NESTED,
    "json_functions": NESTED,
    "conversion_functions": CONVERSION,
}
UNCERTAIN = {"RAND", "GENERATE_UUID", "SESSION_USER", "ANY_VALUE", "CURRENT_DATE", "CURRENT_TIME"}
UNCERTAIN |= {"CURRENT_DATETIME", "CURRENT_TIMESTAMP"}
LIBRARY = set(  # of the C library
    """ACOS ACOSH ASIN ASINH ATAN ATAN2 ATANH CBRT COS COSH COT COTH CSC CSCH EXP LN LOG LOG10 POW POWER SEC
    SECH SIN SINH TAN TANH""".split()
)
SUMS = set(  # in no fixed order, of terms that may cancel out
    """COSINE_DISTANCE EUCLIDEAN_DISTANCE CORR COVAR_POP COVAR_SAMP STDDEV STDDEV_POP STDDEV_SAMP VARIANCE
    VAR_POP VAR_SAMP AVG SUM PERCENTILE_CONT""".split()
)
# Names that SQL writes in another way.
LABELS = {
    "$count_star": "COUNT(*)",
    **{name: "EXTRACT" for name in syntax.OPERATORS if name.startswith("$extract")},
}
CASTS = [
    *"INT64 FLOAT64 NUMERIC BIGNUMERIC BOOL STRING BYTES DATE DATETIME TIME TIMESTAMP INTERVAL JSON".split(),
    *("RANGE<DATE>", "ARRAY<INT64>", "ARRAY<STRING>", "STRUCT<a INT64, b STRING>"),
]


class Exactness(enum.Enum):
    """How equal values have to be."""

    VALUE = "value"
    ULPS = "ulps"
    SUM = "ulps of 1 at least"
    MEAN = "of infinities, any of them or NaN"
    ZERO = "0.0 is -0.0"
    TYPE = "type"


EXACTNESS = {
    **dict.fromkeys(UNCERTAIN, Exactness.TYPE),
    **dict.fromkeys(LIBRARY, Exactness.ULPS),
    **dict.fromkeys(SUMS, Exactness.SUM),
    "AVG": Exactness.MEAN,  # "either [+|-]Infinity or NaN": its page
    **dict.fromkeys(("MAX", "MIN"), Exactness.ZERO),  # which of equal values
}


@dataclass(frozen=True)
class Case:
    """One expression to ask both sides, and whose row of the table it belongs to."""

    function: str
    family: str
    expression: str
    exactness: Exactness = Exactness.VALUE
    source: str = ""  # a table expression


def cases(reference: Reference, limit: int = LIMIT) -> dict[str, list[Case]]:
    """Everything by function, operator or cast: `limit` cases of a signature, twice that in all, at most."""
    found: dict[str, dict[Case, None]] = {}
    for function in catalog.functions(reference):
        for case in _function(function, reference, limit):
            found.setdefault(case.function, {})[case] = None
    for case in _casts(limit):
        found.setdefault(case.function, {})[case] = None
    return {name: _thinned(name, list(items), 2 * limit) for name, items in found.items()}


def chosen(
    found: dict[str, list[Case]], names: Sequence[str] = (), families: Sequence[str] = ()
) -> dict[str, list[Case]]:
    """The functions named (`LIKE` is `$like` too, `CAST` every cast), or those of families that begin so."""
    wanted = {name.upper() for name in names}

    def named(name: str) -> bool:
        upper = name.upper()
        return bool(
            {
                upper,
                upper.removeprefix("$"),
                upper.removesuffix(" OVER"),
                upper.removesuffix(" IN CONTEXTS"),
                upper.partition("(")[0],
            }
            & wanted
        )

    return {
        name: items
        for name, items in found.items()
        if (not wanted or named(name)) and (not families or items[0].family.startswith(tuple(families)))
    }


def _thinned(name: str, items: list[Case], most: int) -> list[Case]:
    if len(items) <= most:
        return items
    kept = random.Random(f"{special.SEED} {name}").sample(range(len(items)), most)
    return [items[at] for at in sorted(kept)]


def _function(function: Function, reference: Reference, limit: int) -> Iterator[Case]:
    name = function.name
    if name.startswith("$") and name not in syntax.OPERATORS and name not in LABELS:
        return
    label = LABELS.get(name, name)
    exactness = EXACTNESS.get(name, Exactness.VALUE)
    for _, slots in function.signatures():
        if function.scalar:
            for text in _scalar(name, slots, reference, limit):
                yield Case(label, _family(function), text, exactness)
            continue
        if not function.analytic:
            for text in itertools.islice(rows.aggregates(function, slots), limit):
                yield Case(label, AGGREGATES, text, exactness)
        if function.analytic or function.proto.options.supports_over_clause:
            over = label if function.analytic else f"{label} OVER"
            for text in itertools.islice(rows.windows(function, slots), limit):
                yield Case(over, WINDOWS, text, exactness)


def _family(function: Function) -> str:
    name = function.name
    if name.startswith("$extract"):
        return TIMES
    if function.page is None:
        return OPERATORS
    if name in ("FORMAT", "STRING") or name.startswith(("FORMAT_", "PARSE_")):
        return CONVERSION
    return MISC if name.startswith("REGEXP_") else FAMILIES.get(function.page, MISC)


def _scalar(name: str, slots: list[Slot], reference: Reference, limit: int) -> Iterator[str]:
    if some := special.FUNCTIONS.get(name):
        yield from some(slots, reference)
        return
    forms = [slots]
    required = [slot for slot in slots if not slot.optional]
    once = [slot for slot in required if not slot.repeated]
    for form in (required, once, _twice(slots)):
        if form not in forms and (form is not once or not name.startswith("$")):
            forms.append(form)
    for form in forms:
        pools = [pool(name, at, slot) for at, slot in enumerate(form)]
        if all(pools):
            for arguments in _combinations(name, pools, max(4, limit // len(forms))):
                yield syntax.call(name, form, arguments)


def _twice(slots: list[Slot]) -> list[Slot]:
    """The repeated arguments, which stand together, a second time."""
    repeated = [slot for slot in slots if slot.repeated]
    if not repeated:
        return slots
    end = slots.index(repeated[0]) + len(repeated)
    return [*slots[:end], *repeated, *slots[end:]]


def _combinations(name: str, pools: list[list[str]], most: int) -> list[tuple[str, ...]]:
    """Ordinary values, each argument varied alone, then others drawn."""
    ordinary = tuple(texts[0] for texts in pools)
    alone = [
        (*ordinary[:at], text, *ordinary[at + 1 :]) for at, texts in enumerate(pools) for text in texts[1:]
    ]
    draw = random.Random(f"{special.SEED} {name} {ordinary}")
    if len(alone) >= most:
        return [ordinary, *draw.sample(alone, most - 1)]
    drawn = [tuple(draw.choice(texts) for texts in pools) for _ in range(most)]
    return list(dict.fromkeys([ordinary, *alone, *drawn]))[:most]


def _casts(limit: int) -> Iterator[Case]:
    for source, target in itertools.product(CASTS, CASTS):
        texts = edges.values(source)
        if source == "STRING":
            texts = [*edges.CAST_TEXTS.get(target, []), edges.null(source)]
        for number, text in enumerate(texts[:limit]):
            yield Case(f"CAST({source} AS {target})", CONVERSION, f"CAST({text} AS {target})")
            if number % 3 == 2 or source == "STRING":
                yield Case(f"CAST({source} AS {target})", CONVERSION, f"SAFE_CAST({text} AS {target})")
    for kind, text, pattern in edges.CAST_FORMATS:
        yield Case("CAST … FORMAT", CONVERSION, f"CAST({text} AS {kind} FORMAT '{pattern}')")


@dataclass(frozen=True)
class Call:
    """A scalar function or operator with chosen types, and what to try for each argument."""

    name: str
    type: str
    slots: list[Slot]
    pools: list[list[str]]

    def text(self, arguments: list[str]) -> str:
        """The call with these arguments."""
        return syntax.call(self.name, self.slots, arguments)


def calls(reference: Reference) -> Iterator[Call]:
    """Every scalar function and operator with only its required arguments, for random expressions."""
    for function in catalog.functions(reference):
        name = function.name
        known = not name.startswith("$") or name in syntax.OPERATORS
        if not (function.scalar and known) or name in special.FUNCTIONS:
            continue
        for kind, slots in function.signatures():
            required = [slot for slot in slots if not slot.optional]
            pools = [pool(name, at, slot) for at, slot in enumerate(required)]
            if kind and all(pools):
                yield Call(name, kind, required, pools)
