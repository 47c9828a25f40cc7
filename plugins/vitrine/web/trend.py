"""The recall of the vector index over time as lines: numbers for the SVG that the health page draws. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor
from typing import Any

from vitrine.index.recall import KINDS
from vitrine.web.chart import SCALE_WIDTH, WIDTH

# Half a year of weeks.
MOST_MEASUREMENTS = 26
STEP = (WIDTH - SCALE_WIDTH) / MOST_MEASUREMENTS
# In the SVG's own units; TOP leaves room for the mark of a rebuild.
TOP, PLOT_HEIGHT = 8, 100
HEIGHT = TOP + PLOT_HEIGHT + 16


@dataclass(frozen=True)
class Line:
    """One kind of query: its points, and the stretches without a gap as `points` of an SVG polyline."""

    kind: str
    points: list[tuple[float, float]]
    stretches: list[str]


@dataclass(frozen=True)
class Trend:
    """The lines; the lowest recall on the scale; where the goal is; and each measurement with its x."""

    floor: float
    goal_y: float
    lines: list[Line]
    marks: list[tuple[float, Mapping[str, Any]]]


def trend(measured: Sequence[Mapping[str, Any]], goal: float) -> Trend:
    """Measurements (oldest first) from left to right; the scale begins at the ten below the lowest."""
    known = [row[f"{kind}_recall"] for row in measured for kind in KINDS if row[f"{kind}_recall"] is not None]
    lowest = max(floor(min([*known, goal]) * 10 - 1e-9) / 10, 0.0)
    places = [SCALE_WIDTH + (number + 0.5) * STEP for number in range(len(measured))]
    lines = []
    for kind in KINDS:
        values = [row[f"{kind}_recall"] for row in measured]
        points = [
            None if value is None else (round(x, 1), height(value, lowest))
            for x, value in zip(places, values, strict=True)
        ]
        lines.append(Line(kind, [point for point in points if point], _stretches(points)))
    return Trend(lowest, height(goal, lowest), lines, list(zip(places, measured, strict=True)))


def height(recall: float, lowest: float) -> float:
    """Where a recall is, y downwards."""
    return round(TOP + (1 - (recall - lowest) / (1 - lowest)) * PLOT_HEIGHT, 1)


def _stretches(points: Sequence[tuple[float, float] | None]) -> list[str]:
    """Points without a gap between them, as text."""
    return [
        " ".join(f"{x},{y}" for x, y in group)
        for there, group in groupby(points, key=lambda point: point is not None)
        if there
    ]
