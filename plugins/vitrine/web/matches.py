"""Where the good matches of a search end: pure functions, measured in docs/decisions/0017."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

# How far from the nearest picture towards the typical distance: 0 would be the nearest alone.
REACH: Final = 0.45


def typical_distance(vector: Sequence[float], mean: Sequence[float]) -> float:
    """The mean cosine distance of a vector from all pictures of a collection.

    :param mean: the mean of the pictures' vectors, each made of length 1.

    >>> typical_distance([2.0, 0.0], [0.5, 0.5])
    0.5
    """
    return 1 - math.sumprod(vector, mean) / math.hypot(*vector)


def first_weaker(distances: Sequence[float], typical: float) -> int | None:
    """Index of the first match that is weaker than those before it; None if none is.

    The search itself draws the line, between its nearest picture and the typical one, because distances of
    two searches do not compare: a good match is at 0.2 of some words, at 0.6 of others.

    :param distances: of the matches, nearest first.
    :param typical: mean distance of the whole collection from what was searched for.

    >>> first_weaker([0.5, 0.55, 0.8], typical=0.9)
    2
    >>> first_weaker([0.5, 0.55], typical=0.9)
    >>> first_weaker([], typical=0.9)
    """
    if not distances:
        return None
    line = distances[0] + REACH * (typical - distances[0])
    # The nearest is never below the line, even where all are as far away.
    return next((index for index, distance in enumerate(distances) if index and distance > line), None)
