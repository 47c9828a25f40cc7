"""The results by function: for the screen, for results.tsv, for docs/emulation.md."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the page is written without the emulator
    from judge.compare import Verdict

RESULTS = Path(__file__).parent / "results.tsv"
COLUMNS = ("equal", "refused", "different", "no judge")
HEAD = "\t".join(("function", "family", *COLUMNS, "errors", "same messages"))


@dataclass(frozen=True)
class Row:
    """A function, operator or cast: how its cases are judged, and how many errors have the same message."""

    function: str
    family: str
    counts: Counter[str]
    errors: int
    same_messages: int

    @property
    def tried(self) -> int:
        """With how many inputs."""
        return self.counts.total()

    @property
    def judged(self) -> int:
        """With how many of them the reference implementation answers."""
        return self.tried - self.counts["no judge"]


def row(verdicts: "list[Verdict]") -> Row:
    """The row of one function's verdicts."""
    messages = [verdict.same_message for verdict in verdicts if verdict.same_message is not None]
    counts = Counter(verdict.verdict for verdict in verdicts)
    case = verdicts[0].case
    return Row(case.function, case.family, counts, len(messages), sum(messages))


def text(rows: list[Row]) -> str:
    """The table for a screen, then one of the families."""
    lines = [_line("function", "tried", *COLUMNS)]
    lines += [_line(r.function, r.tried, *(r.counts[column] for column in COLUMNS)) for r in rows]
    lines += [
        "",
        f"{_line('family', 'tried', *COLUMNS)}   functions: all equal, some different; same messages",
    ]
    for family in dict.fromkeys(r.family for r in rows):
        lines.append(_family(family, [r for r in rows if r.family == family]))
    return "\n".join([*lines, _family("all", rows)])


def _family(name: str, rows: list[Row]) -> str:
    total = sum((r.counts for r in rows), Counter())
    equal = sum(r.counts["equal"] == r.tried for r in rows)
    different = sum(r.counts["different"] > 0 for r in rows)
    messages = f"{sum(r.same_messages for r in rows)} of {sum(r.errors for r in rows)}"
    columns = _line(name, total.total(), *(total[column] for column in COLUMNS))
    return f"{columns}   {len(rows)}: {equal}, {different}; {messages}"


def _line(name: str, *numbers: object) -> str:
    return f"{name:42}" + "".join(f"{number!s:>10}" for number in numbers)


def recorded() -> dict[str, Row]:
    """What results.tsv says, by function."""
    lines = (line.split("\t") for line in RESULTS.read_text().splitlines()[1:])
    return {
        name: Row(
            name,
            family,
            Counter(dict(zip(COLUMNS, map(int, numbers), strict=False))),
            *map(int, numbers[-2:]),
        )
        for name, family, *numbers in lines
    }


def record(rows: Iterable[Row]) -> None:
    """Put the rows into results.tsv, in place of those of the same functions."""
    found = (recorded() if RESULTS.exists() else {}) | {r.function: r for r in rows}
    lines = [
        "\t".join(
            map(str, (r.function, r.family, *(r.counts[c] for c in COLUMNS), r.errors, r.same_messages))
        )
        for r in sorted(found.values(), key=lambda r: (r.family, r.function))
    ]
    RESULTS.write_text("\n".join([HEAD, *lines, ""]))


def pending() -> set[str]:
    """What still differed when it was recorded. It must shrink to nothing."""
    return {name for name, r in recorded().items() if r.counts["different"]}


PART = """
## SQL functions against the reference implementation

Google's analyzer (ZetaSQL, with BigQuery's features) reads every statement before anything of it runs, and
what it refuses is refused in its words: syntax, names, types, signatures. What it accepts is not thereby
right, so [a differential test](../emulator/tests/judge) asks the emulator and ZetaSQL's reference
implementation the same {inputs} expressions: every function and operator of the analyzer's catalog that
BigQuery has, and every cast, with the edge values of each type. *Equal* is the same value and type, or an
error on both sides; *refused* is `not emulated: …` here; *different* is known and not mended yet. *In
contexts* are the functions, operators and casts of scalars once more, with arguments of one row's columns, of
aggregates and windows over it, and of the columns of an outer query: DuckDB knows less of those.

| Functions, operators and casts | How many | Inputs | Equal | Refused | Different |
|---|---|---|---|---|---|
{families}

The reference implementation lacks these, so nobody judges them: {unjudged}.
"""
FAMILY = """
<details><summary>{family}: function by function</summary>

Equal on every input (their number in brackets): {equal}.
{others}
</details>
"""
OTHERS = "\n| Function | Inputs | Equal | Refused | Different |\n|---|---|---|---|---|\n{rows}\n"


def markdown() -> str:
    """The part of docs/emulation.md: what was asked of both sides, and what of it is equal and refused."""
    rows = list(recorded().values())
    judged = [r for r in rows if r.judged]
    families: dict[str, list[Row]] = {}
    for r in judged:
        families.setdefault(r.family, []).append(r)
    total = [_cells(family, found, str(len(found))) for family, found in families.items()]
    total.append(_cells("all", judged, str(len(judged))))
    unjudged = ", ".join(_code(r) for r in rows if not r.judged)
    text_ = PART.format(inputs=sum(r.judged for r in judged), families="\n".join(total), unjudged=unjudged)
    return text_ + "".join(_details(family, found) for family, found in families.items())


def _details(family: str, rows: list[Row]) -> str:
    others = [_cells(_code(r), [r]) for r in rows if r.counts["equal"] < r.judged]
    equal = ", ".join(f"{_code(r)} ({r.judged})" for r in rows if r.counts["equal"] == r.judged)
    table = OTHERS.format(rows="\n".join(others)) if others else ""
    return FAMILY.format(family=family.capitalize(), equal=equal or "none", others=table)


def _cells(name: str, rows: list[Row], *more: str) -> str:
    counts = (sum(r.counts[column] for r in rows) or "" for column in ("equal", "refused", "different"))
    cells = (name, *more, sum(r.judged for r in rows), *counts)
    return f"| {' | '.join(map(str, cells))} |"


def _code(r: Row) -> str:
    return f"`{r.function}`".replace("|", "\\|")
