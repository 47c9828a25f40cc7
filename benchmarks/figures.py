"""Figures with what is wanted of them, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table; `good` is None where nothing is wanted, and the figure is for comparison."""

    name: str
    wanted: str
    measured: str
    good: bool | None = None


def as_table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table; what misses is marked."""
    lines = ["| figure | wanted | measured |", "|---|---|---|"]
    for figure in figures:
        mark = "**misses** " if figure.good is False else ""
        lines.append(f"| {figure.name} | {figure.wanted} | {mark}{figure.measured} |")
    return "\n".join(lines)


def at_most(name: str, most: float, measured: float, words: str = "") -> Figure:
    """A figure that must not be larger; `words` say more about it."""
    return Figure(name, f"≤ {most:,}", f"{measured:,} {words}".rstrip(), measured <= most)
