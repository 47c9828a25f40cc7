"""Places by likeness: what is alike is near, for any number of pictures, and again the same."""

import numpy as np
import pytest

from vitrine.layout import places as module
from vitrine.layout.places import features, places

DIMENSION = 128


def directions(number: int, groups: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Bytes as the statement makes them, and the group that each picture is of."""
    random = np.random.default_rng(seed)
    of = random.integers(0, groups, number)
    vectors = random.normal(size=(groups, DIMENSION))[of] + random.normal(size=(number, DIMENSION)) / 3
    return np.rint(128 + 127 * vectors / np.abs(vectors).max(axis=1, keepdims=True)).astype(np.uint8), of


def share_beside_their_own(found: np.ndarray, of: np.ndarray) -> float:
    """How many pictures have one of their own group nearest."""
    apart = np.square(found[:, None] - found[None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    return float((of[apart.argmin(axis=1)] == of).mean())


def test_groups_lie_together():
    vectors, of = directions(300, groups=10)
    assert share_beside_their_own(places(features(vectors)), of) > 0.95


def test_those_beyond_the_sample_lie_beside_their_own(monkeypatch):
    monkeypatch.setattr(module, "MOST_FITTED", 150)
    vectors, of = directions(600, groups=10)
    found = places(features(vectors))
    assert found.shape == (600, 2)
    assert share_beside_their_own(found, of) > 0.9


def test_the_same_pictures_have_the_same_places():
    vectors, _ = directions(60, groups=4)
    assert (places(features(vectors)) == places(features(vectors))).all()


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5, 6, 20])
def test_a_few_pictures_have_places_too(number):
    found = places(features(directions(number, groups=2)[0]))
    assert found.shape == (number, 2)
    assert np.isfinite(found).all()


def test_pictures_that_are_all_the_same_have_places():
    assert np.isfinite(places(features(np.full((40, DIMENSION), 200, np.uint8)))).all()
