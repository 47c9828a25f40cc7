"""Geometry of the line chart of the index's recall on the health page. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor
from typing import Any

from vitrine.index.recall import QUERY_KINDS

# Half a year of weeks.
MOST_MEASUREMENTS = 26
# In the SVG's own units; TOP leaves room for the marker of a rebuild.
SCALE_WIDTH, WIDTH = 40, 640
STEP = (WIDTH - SCALE_WIDTH) / MOST_MEASUREMENTS
TOP, PLOT_HEIGHT = 8, 100
HEIGHT = TOP + PLOT_HEIGHT + 16


@dataclass(frozen=True)
class Line:
    """One kind of query: its points, and each stretch without a gap as `points` of an SVG polyline."""

    kind: str
    points: list[tuple[float, float]]
    stretches: list[str]


@dataclass(frozen=True)
class Trend:
    """Lowest recall on the scale, position of the goal, lines, and the measurements with their x."""

    floor: float
    goal_y: float
    lines: list[Line]
    marks: list[tuple[float, Mapping[str, Any]]]


def trend(measured: Sequence[Mapping[str, Any]], goal: float) -> Trend:
    """Measurements (oldest first) from left to right. The scale starts at the multiple of 10 % below them."""
    known = [
        row[f"{kind}_recall"] for row in measured for kind in QUERY_KINDS if row[f"{kind}_recall"] is not None
    ]
    lowest = max(floor(min([*known, goal]) * 10 - 1e-9) / 10, 0.0)
    places = [SCALE_WIDTH + (number + 0.5) * STEP for number in range(len(measured))]
    lines = []
    for kind in QUERY_KINDS:
        values = [row[f"{kind}_recall"] for row in measured]
        points = [
            None if value is None else (round(x, 1), height(value, lowest))
            for x, value in zip(places, values, strict=True)
        ]
        lines.append(Line(kind, [point for point in points if point], _stretches(points)))
    return Trend(lowest, height(goal, lowest), lines, list(zip(places, measured, strict=True)))


def height(recall: float, lowest: float) -> float:
    """Position of a recall; y points down."""
    return round(TOP + (1 - (recall - lowest) / (1 - lowest)) * PLOT_HEIGHT, 1)


def _stretches(points: Sequence[tuple[float, float] | None]) -> list[str]:
    """Each stretch of points without a gap, as `points` of an SVG polyline."""
    return [
        " ".join(f"{x},{y}" for x, y in filter(None, group))
        for is_known, group in groupby(points, key=bool)
        if is_known
    ]
