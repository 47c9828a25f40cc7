"""Geometry of the bar chart of the last runs on the health page. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# In the SVG's own units.
MOST_RUNS = 20
SCALE_WIDTH, STEP, BAR = 40, 30, 20
WIDTH = SCALE_WIDTH + MOST_RUNS * STEP
IMAGES_HEIGHT, COST_HEIGHT = 120, 30
COST_BOTTOM = IMAGES_HEIGHT + COST_HEIGHT + 4
HEIGHT = COST_BOTTOM + 16
# So that one broken image is visible next to thousands of good ones.
LEAST_HEIGHT = 2.0
# From the bottom up; they add up to what a run planned.
PARTS = ("published", "quarantined", "vanished", "pending")


@dataclass(frozen=True)
class Segment:
    """A part of a bar: what it stands for and where it is; y points down."""

    part: str
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """One run: left edge, segments of the images, height of the cost bar, and the report."""

    x: int
    segments: list[Segment]
    cost_height: float
    run: Mapping[str, Any]


def columns(runs: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The runs from left to right, scaled so that the largest one fills the chart."""
    most_images = max((run["planned"] for run in runs), default=0)
    most_cost = max((run["cost_usd"] or 0 for run in runs), default=0)
    return [
        Column(
            x=SCALE_WIDTH + number * STEP,
            segments=_segments(run, most_images),
            cost_height=_height(run["cost_usd"] or 0, most_cost, COST_HEIGHT),
            run=run,
        )
        for number, run in enumerate(runs)
    ]


def _segments(run: Mapping[str, Any], most: int) -> list[Segment]:
    heights = {part: _height(run[part], most, IMAGES_HEIGHT) for part in PARTS if run[part]}
    if (excess := sum(heights.values()) - IMAGES_HEIGHT) > 0:
        heights[max(heights, key=heights.__getitem__)] -= excess
    segments, bottom = [], float(IMAGES_HEIGHT)
    for part, height in heights.items():
        bottom -= height
        segments.append(Segment(part, bottom, height))
    return segments


def _height(value: float, most: float, full: int) -> float:
    return max(round(value / most * full, 1), LEAST_HEIGHT) if value else 0.0
