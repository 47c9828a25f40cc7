"""The results by function: for the screen, for results.tsv, for docs/emulation.md."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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


def row(verdicts: list[Verdict]) -> Row:
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


def markdown() -> str:
    """The table of docs/emulation.md: what was asked of both sides, and what of it is equal and refused."""
    lines = ["| | Function | Tried with | Equal | Refused |", "|---|---|---|---|---|"]
    for r in recorded().values():
        if asked := r.tried - r.counts["no judge"]:
            name = r.function.replace("|", "\\|")
            lines.append(
                f"| {r.family} | `{name}` | {asked} | {r.counts['equal']} | {r.counts['refused'] or ''} |"
            )
    unjudged = ", ".join(f"`{r.function}`" for r in recorded().values() if r.tried == r.counts["no judge"])
    return "\n".join(
        [*lines, "", f"The reference implementation lacks these, so nobody judges them: {unjudged}.", ""]
    )
