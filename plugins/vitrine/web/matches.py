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


def weaker_beyond(nearest: float, typical: float) -> float:
    """The distance beyond which matches are weaker than those before.

    The search itself draws the line, between its nearest picture and the typical one, because distances of
    two searches do not compare: a good match is at 0.2 of some words, at 0.6 of others. The nearest picture
    is never beyond it.

    :param nearest: distance of the nearest picture.
    :param typical: mean distance of the whole collection from what was searched for.

    >>> round(weaker_beyond(0.5, typical=0.9), 2)
    0.68
    """
    return nearest + REACH * max(0.0, typical - nearest)
