"""Geometry of the bar chart of the last runs on the health page. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log10
from typing import Any

MOST_RUNS = 20
# In pixels; across, the chart is as wide as the page.
TOP, HEIGHT = 12, 160
# As wide as of so many runs, if there are fewer; and the share of that width that is a bar.
LEAST_RUNS, BAR = 7, 0.7
# From the bottom up, so that what went wrong stands on the scale; they add up to what a run planned.
PARTS = ("pending", "quarantined", "vanished", "published")
# Least height of a part, in pixels: seen beside any other.
LEAST = 3.0


@dataclass(frozen=True)
class Segment:
    """A part of a bar: what it stands for and where it is; y points down."""

    part: str
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """One run: left edge and width in percent, its segments (none: it had nothing to do), and its report.

    `rarely` is how seldom its label is needed: 0 on the narrowest page, 1 and 2 only where there is room.
    """

    x: float
    width: float
    segments: list[Segment]
    rarely: int
    run: Mapping[str, Any]


@dataclass(frozen=True)
class Mark:
    """A line of the scale."""

    images: int
    y: float


def columns(runs: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The runs from left to right. Heights are logarithms: each mark is ten times the one below it."""
    most = _most(runs)
    step = 100 / max(len(runs), LEAST_RUNS)
    return [
        Column(
            x=round((number + (1 - BAR) / 2) * step, 2),
            width=round(BAR * step, 2),
            segments=_segments(run, most),
            rarely=_rarely(len(runs) - 1 - number),
            run=run,
        )
        for number, run in enumerate(runs)
    ]


def marks(runs: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """The scale: 1, 10, 100 and so on, as far as the largest run goes."""
    most, images, found = _most(runs), 1, []
    while images <= most:
        found.append(Mark(images, round(TOP + HEIGHT - _height(images, most), 1)))
        images *= 10
    return found


def _most(runs: Sequence[Mapping[str, Any]]) -> int:
    return max([10, *(int(run["planned"]) for run in runs)])


def _rarely(age: int) -> int:
    """Every fourth run has a label on a phone, every second one on a tablet; the newest always has."""
    return 0 if age % 4 == 0 else 1 if age % 2 == 0 else 2


def _height(images: float, most: int) -> float:
    """Height of so many images: one has a height, too."""
    return HEIGHT * log10(images + 1) / log10(most + 1)


def _segments(run: Mapping[str, Any], most: int) -> list[Segment]:
    parts = [part for part in PARTS if run[part]]
    edges = [0.0, *(_height(images, most) for images in accumulate(run[part] for part in parts))]
    # Few images on top of many would be thinner than a pixel: push the edges below them down.
    for number in range(len(parts) - 1, -1, -1):
        edges[number] = min(edges[number], edges[number + 1] - LEAST) if number else 0.0
    return [
        Segment(part, round(TOP + HEIGHT - upper, 1), round(upper - lower, 1))
        for part, lower, upper in zip(parts, edges, edges[1:], strict=False)
    ]
