"""A grid with a cell for each picture, and who stands for a square of it. Pure functions, with NumPy."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vitrine.layout.places import Floats

Integers = NDArray[np.int64]
N = TypeVar("N", np.int64, np.float32)


def cells(places: Floats, side: int) -> Integers:
    """Column and row of each picture in lines of `side` cells.

    No two share a cell, and only the last line may end early.

    Each half of a rectangle of cells takes the pictures that lie farthest to that side, down to single cells:
    what is near in the plane stays near, and none hides another.

    >>> cells(np.array([[9.0, 9.0], [0.0, 9.0], [0.0, 0.0]], np.float32), 2).tolist()
    [[1, 0], [0, 1], [0, 0]]
    """
    found = np.zeros((len(places), 2), np.int64)
    lines, rest = divmod(len(places), side)

    def room(x: int, y: int, width: int, height: int) -> int:
        """Cells of a rectangle that have a picture."""
        last = min(max(rest - x, 0), width) if y <= lines < y + height else 0
        return width * min(max(lines - y, 0), height) + last

    todo = [(np.arange(len(places)), 0, 0, side, lines + 1)]
    while todo:
        some, x, y, width, height = todo.pop()
        if len(some) == 0:
            continue
        if width == height == 1:
            found[some] = x, y
        elif width >= height:
            half = width // 2
            first, second = _split(some, places[some, 0], room(x, y, half, height))
            todo += [(first, x, y, half, height), (second, x + half, y, width - half, height)]
        else:
            half = height // 2
            first, second = _split(some, places[some, 1], room(x, y, width, half))
            todo += [(first, x, y, width, half), (second, x, y + half, width, height - half)]
    return found


def _split(some: Integers, values: Floats, number: int) -> tuple[Integers, Integers]:
    """Those with the `number` smallest values, and the others."""
    if number < len(some):
        some = some[np.argpartition(values, number)]
    return some[:number], some[number:]


def levels(cells: Integers, features: Floats, side: int) -> Integers:
    """How far each picture is seen: at level n it stands for the others of a square of 2**n x 2**n cells.

    Of the four that stand for the quarters of a square, the one that is most like all pictures in it does.
    """
    found = np.zeros(len(cells), np.int64)
    size = 1 << (side - 1).bit_length()
    chosen = np.full((size, size), -1)
    chosen[cells[:, 1], cells[:, 0]] = np.arange(len(cells))
    sums = np.where((chosen >= 0)[..., None], features[chosen], 0)
    counts = (chosen >= 0).astype(np.float32)
    for level in range(1, size.bit_length()):
        four, sums, counts = _quarters(chosen), _quarters(sums).sum(axis=2), _quarters(counts).sum(axis=2)
        mean = sums / np.maximum(counts, 1)[..., None]
        away = np.square(features[four] - mean[:, :, None]).sum(axis=-1)
        best = np.where(four >= 0, away, np.inf).argmin(axis=2)
        chosen = np.take_along_axis(four, best[..., None], axis=2)[..., 0]
        found[chosen[chosen >= 0]] = level
    return found


def _quarters(grid: NDArray[N]) -> NDArray[N]:
    """The values of the four quarters of each square, along a third axis."""
    half = len(grid) // 2
    split = grid.reshape(half, 2, half, 2, *grid.shape[2:])
    return split.swapaxes(1, 2).reshape(half, half, 4, *grid.shape[2:])
