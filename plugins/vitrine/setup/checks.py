"""What a preflight has found, and the table that shows it. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from vitrine.errors import PreflightError


class Outcome(StrEnum):
    """What came of a check; the value is its sign in the table."""

    GOOD = "✓"
    BAD = "✗"
    NOT_CHECKED = "–"


@dataclass(frozen=True)
class Check:
    """A check and what it found; `paste` is what mends it, or ""."""

    subject: str
    outcome: Outcome
    found: str = ""
    paste: str = ""


def good(subject: str, found: str = "") -> Check:
    """A check that found nothing wrong."""
    return Check(subject, Outcome.GOOD, found)


def bad(subject: str, found: str, paste: str = "") -> Check:
    """A check that found something that will fail."""
    return Check(subject, Outcome.BAD, found, paste)


def not_checked(subject: str, why: str, paste: str = "") -> Check:
    """A check that could not be made, which says why."""
    return Check(subject, Outcome.NOT_CHECKED, why, paste)


def as_table(checks: Iterable[Check]) -> str:
    """One line for each check, below it what to paste, and at the end how many there are of each outcome."""
    checks = list(checks)
    width = max((len(check.subject) for check in checks), default=0)
    lines = []
    for check in checks:
        lines.append(f"{check.outcome} {check.subject:<{width}}  {check.found}".rstrip())
        lines += [f"    {line}" for line in check.paste.splitlines()]
    counts = {outcome: sum(check.outcome is outcome for check in checks) for outcome in Outcome}
    lines.append("  ".join(f"{outcome} {count}" for outcome, count in counts.items()))
    return "\n".join(lines)


def refuse_bad(checks: Iterable[Check]) -> None:
    """Errors: PreflightError that names every check which has found something, and what to paste."""
    if found := [check for check in checks if check.outcome is Outcome.BAD]:
        raise PreflightError(
            "\n".join(
                [
                    f"{len(found)} of what the DAGs need is missing; nothing was paid for the model.",
                    *(f"✗ {check.subject}: {check.found}" for check in found),
                    *(f"    {line}" for line in dict.fromkeys(check.paste for check in found if check.paste)),
                ]
            )
        )
