"""Aggregate and window functions over rows of edge values, written as expressions."""

import itertools
import re
from collections.abc import Iterator

from judge import edges
from judge.catalog import KIND, Function, Slot
from judge.pools import pool

LETTERS = "abcdef"  # names of the arguments' columns; `o` numbers the rows
ORDERED = {"ARRAY_AGG", "ARRAY_CONCAT_AGG", "STRING_AGG"}  # whose result depends on the order of rows
TIES = {"RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST"}  # whose result ties are meant to show
CONSTANTS = {  # arguments that are the same for all rows, from which position on
    "APPROX_QUANTILES": (1, "2"),
    "APPROX_TOP_COUNT": (1, "2"),
    "APPROX_TOP_SUM": (2, "2"),
    "NTH_VALUE": (1, "2"),
    "NTILE": (0, "2"),
    "PERCENTILE_CONT": (1, "0.4"),
    "PERCENTILE_DISC": (1, "0.4"),
    "STRING_AGG": (1, "', '"),
}
EXTREME = re.compile(r"nan|inf|9{12}|\d{18}|e308|10000 YEAR")
WINDOW_ROWS = 6


class Rows:
    """Rows of edge values for the arguments of a call, and the call's arguments over them."""

    def __init__(self, name: str, slots: list[Slot]):
        self.constant = ""
        if name in CONSTANTS and len(slots) > CONSTANTS[name][0]:
            first, self.constant = CONSTANTS[name]
            kind = slots[first].type
            self.constant = {"BYTES": "b', '"}.get(
                kind, f"{kind} '{self.constant}'" if "NUM" in kind else self.constant
            )
            slots = slots[:first]
        elif name in ("LEAD", "LAG"):
            slots = slots[:1]
        self.slots = slots
        columns = [_moderate(pool(name, at, slot)) for at, slot in enumerate(slots)]
        self.possible = all(columns)
        length = max(map(len, columns), default=4)
        filled = [list(itertools.islice(itertools.cycle(column or [""]), length)) for column in columns]
        self.rows = [list(row) for row in zip(*filled, strict=True)] if filled else [[]] * length
        fields = [f"{letter} {slot.type}" for letter, slot in zip(LETTERS, slots, strict=False)]
        self._type = f"STRUCT<{', '.join(['o INT64', *fields])}>"
        columns = [f"r.{letter}" for letter, _ in zip(LETTERS, slots, strict=False)]
        self.arguments = ", ".join([*columns, *([self.constant] if self.constant else [])])

    def source(self, rows: list[list[str]]) -> str:
        """These rows as a table `r`."""
        kind = "" if self.slots else "STRUCT"  # (0) alone is a number
        items = ", ".join(f"{kind}({', '.join([str(number), *row])})" for number, row in enumerate(rows))
        return f"UNNEST(ARRAY<{self._type}>[{items}]) AS r"

    def nulls(self) -> list[list[str]]:
        """Two rows of NULLs."""
        return [[edges.null(slot.type) for slot in self.slots]] * 2

    def extremes(self) -> Iterator[list[list[str]]]:
        """Pairs of rows with a value in them that most aggregates fail on or cannot tell apart."""
        if self.slots:
            for text in edges.values(self.slots[0].type):
                if not _moderate([text]):
                    extreme = [text, *self.rows[0][1:]]
                    yield [self.rows[0], extreme]
                    yield [extreme, extreme]


def _moderate(texts: list[str]) -> list[str]:
    return [text for text in texts if not EXTREME.search(text)]


def aggregates(function: Function, slots: list[Slot]) -> Iterator[str]:
    """Calls of an aggregate function: over values, one row, none, NULLs; with each modifier it allows."""
    name = "COUNT" if function.name == "$count_star" else function.name
    rows = Rows(name, slots)
    if not rows.possible:
        return
    plain, *others = _forms(name, function, rows)
    for source in (rows.rows, rows.rows[:1], [], rows.nulls(), rows.rows[2:], *rows.extremes()):
        yield f"(SELECT {name}({plain}) FROM {rows.source(source)})"
    for form, source in itertools.product(others, (rows.rows, rows.nulls())):
        yield f"(SELECT {name}({form}) FROM {rows.source(source)})"
    groups = f"FROM {rows.source(rows.rows)} GROUP BY MOD(r.o, 2) ORDER BY MOD(r.o, 2)"
    yield f"ARRAY(SELECT AS STRUCT MOD(r.o, 2) AS g, {name}({plain}) AS v {groups})"


def _forms(name: str, function: Function, rows: Rows) -> Iterator[str]:
    options = function.proto.options
    ordered = name in ORDERED
    order = " ORDER BY r.o" if ordered else ""
    arguments = rows.arguments
    yield f"{arguments or '*'}{order}"
    if not arguments or name == "GROUPING":
        return
    yield f"DISTINCT {arguments}{' ORDER BY r.a' if ordered else ''}"
    if ordered and options.supports_limit:
        yield f"{arguments} ORDER BY r.a DESC, r.o LIMIT 2"
        yield f"{arguments} ORDER BY r.a, r.o LIMIT 3"
    if options.supports_null_handling_modifier:
        yield f"{arguments} IGNORE NULLS{order}"
        yield f"{arguments} RESPECT NULLS{order}"
    if options.supports_having_modifier:
        yield f"{arguments} HAVING MAX r.o"
        yield f"{arguments} HAVING MIN r.a"


def windows(function: Function, slots: list[Slot]) -> Iterator[str]:
    """Calls with OVER: partitions, orders with ties, and frames where they are allowed."""
    name = "COUNT" if function.name == "$count_star" else function.name
    rows = Rows(name, slots)
    if not rows.possible:
        return
    calls = [rows.arguments or ("*" if name == "COUNT" else "")]
    if name in ("LEAD", "LAG"):
        calls += ["r.a, 2", "r.a, 0", f"r.a, 1, {rows.rows[0][0]}", "r.a, -1"]
    elif function.proto.options.supports_null_handling_modifier and rows.slots:
        calls.append(f"{rows.arguments} IGNORE NULLS")
    source = rows.source(rows.rows[:WINDOW_ROWS])
    for call, over in itertools.product(calls, _overs(name, function)):
        yield f"ARRAY(SELECT AS STRUCT r.o, {name}({call}) OVER ({over}) AS v FROM {source} ORDER BY o)"


def _overs(name: str, function: Function) -> Iterator[str]:
    if function.proto.mode == KIND.AGGREGATE:
        yield ""
        yield "PARTITION BY MOD(r.o, 2)"
    if not name.startswith("PERCENTILE"):
        yield "ORDER BY r.o"
        yield "PARTITION BY MOD(r.o, 2) ORDER BY r.o DESC"
        yield f"ORDER BY MOD(r.o, 3){'' if name in TIES else ', r.o'}"
    if function.proto.options.supports_window_framing:
        yield "ORDER BY r.o ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING"
        yield "ORDER BY r.o RANGE BETWEEN 2 PRECEDING AND CURRENT ROW"
        yield "ORDER BY r.o ROWS BETWEEN 2 FOLLOWING AND UNBOUNDED FOLLOWING"
        yield "ORDER BY r.o ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING"
