"""The results by function: for the screen, for the list of what still differs, for docs/emulation.md."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from judge.compare import Verdict

PENDING = Path(__file__).parent / "pending.txt"
PENDING_HEAD = """\
# Functions, operators and casts of which some cases still differ from the reference implementation. It must
# shrink: test_judge.py fails if one that is not here differs, or one that is here does not.
# `python -m judge --pending` writes it.
"""
COLUMNS = ("equal", "refused", "different", "no judge")


@dataclass(frozen=True)
class Row:
    """A function, operator or cast, and how many of its cases had which verdict."""

    function: str
    family: str
    counts: Counter[str]
    same_messages: int
    messages: int

    @property
    def tried(self) -> int:
        return self.counts.total()


def row(verdicts: list[Verdict]) -> Row:
    """The row of one function's verdicts."""
    messages = [verdict.same_message for verdict in verdicts if verdict.same_message is not None]
    counts = Counter(verdict.verdict for verdict in verdicts)
    case = verdicts[0].case
    return Row(case.function, case.family, counts, sum(messages), len(messages))


def text(rows: list[Row]) -> str:
    """The table for a screen, then one of the families."""
    lines = [_line("function", "tried", *COLUMNS)]
    lines += [_line(r.function, r.tried, *(r.counts[column] for column in COLUMNS)) for r in rows]
    lines += [
        "",
        _line("family", "tried", *COLUMNS) + "   functions: all equal, some different; same messages",
    ]
    for family in dict.fromkeys(r.family for r in rows):
        lines.append(_family(family, [r for r in rows if r.family == family]))
    return "\n".join([*lines, _family("all", rows)])


def _family(name: str, rows: list[Row]) -> str:
    total = sum((r.counts for r in rows), Counter())
    different = sum(r.counts["different"] > 0 for r in rows)
    equal = sum(r.counts["equal"] == r.tried for r in rows)
    messages = f"{sum(r.same_messages for r in rows)} of {sum(r.messages for r in rows)}"
    columns = _line(name, total.total(), *(total[column] for column in COLUMNS))
    return f"{columns}   {len(rows)}: {equal}, {different}; {messages}"


def _line(name: str, *numbers: object) -> str:
    return f"{name:42}" + "".join(f"{number!s:>10}" for number in numbers)


def markdown(rows: Iterable[Row]) -> str:
    """The table of docs/emulation.md: functions of BigQuery that both sides were asked."""
    lines = ["| Function | Tried with | Equal | Refused |", "|---|---|---|---|"]
    for r in sorted(rows, key=lambda r: (r.family, r.function)):
        if r.tried > r.counts["no judge"]:
            name = r.function.replace("|", "\\|")
            lines.append(f"| `{name}` | {r.tried} | {r.counts['equal']} | {r.counts['refused'] or ''} |")
    return "\n".join(lines) + "\n"


def pending() -> set[str]:
    """What is known to differ still."""
    return {line for line in PENDING.read_text().splitlines() if line and not line.startswith("#")}


def write_pending(rows: Iterable[Row]) -> None:
    """Write what differs now."""
    names = sorted(r.function for r in rows if r.counts["different"])
    PENDING.write_text(PENDING_HEAD + "".join(f"{name}\n" for name in names))
