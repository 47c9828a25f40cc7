"""The grid of the map: nothing is lost, nothing hides another, and neighbours stay neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.layout.grid import cells, levels

SIZES = (1, 2, 3, 4, 5, 16, 17, 275, 1_000)


def plane(number: int, seed: int = 0) -> np.ndarray:
    """Places of so many pictures, in a few heaps of different sizes, as t-SNE leaves them."""
    random = np.random.default_rng(seed)
    heaps = random.normal(size=(7, 2)) * 30
    return (heaps[random.integers(0, 7, number)] + random.normal(size=(number, 2))).astype(np.float32)


def side_of(number: int) -> int:
    """The side of the smallest square with a cell for each."""
    return int(np.ceil(np.sqrt(number)))


@pytest.mark.parametrize("number", SIZES)
def test_each_picture_has_a_cell_of_its_own_and_only_the_last_line_ends_early(number):
    side = side_of(number)
    found = {(int(x), int(y)) for x, y in cells(plane(number), side)}
    assert found == {(number % side, number // side) for number in range(number)}


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=60))
def test_pictures_that_lie_on_top_of_each_other_are_not_lost(places):
    found = cells(np.array(places, np.float32), side_of(len(places)))
    assert len({tuple(cell) for cell in found.tolist()}) == len(places)


def test_what_is_left_stays_left_and_what_is_above_stays_above():
    square = np.stack(np.meshgrid(np.arange(16.0), np.arange(16.0)), axis=-1).reshape(-1, 2)
    order = np.random.default_rng(0).permutation(256)
    assert (cells(square[order].astype(np.float32), 16) == square[order]).all()


def test_neighbours_stay_near():
    """Of 1,000 pictures evenly spread, the nearest of each is at most a tenth of the side away, mostly less."""
    places = np.random.default_rng(0).random((1_000, 2)).astype(np.float32)
    found, side = cells(places, 32), 32
    apart = np.square(places[:, None] - places[None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    steps = np.abs(found - found[apart.argmin(axis=1)]).max(axis=1)
    assert np.median(steps) <= 2
    assert np.quantile(steps, 0.95) <= side / 10


def seen(found: np.ndarray, far: np.ndarray, level: int) -> dict[tuple[int, int], int]:
    """The picture in each square of 2**level cells, as a reader of the table finds it."""
    squares: dict[tuple[int, int], int] = {}
    for number in np.argsort(far, kind="stable").tolist():
        x, y = found[number].tolist()
        squares[x >> level, y >> level] = number
    return squares


@pytest.mark.parametrize("number", SIZES)
def test_at_each_level_one_picture_stands_for_a_square_and_comes_from_it(number):
    side = side_of(number)
    places = plane(number)
    found = cells(places, side)
    far = levels(found, places, side)
    assert far.min() >= 0
    for level in range((side - 1).bit_length() + 1):
        squares = {(x >> level, y >> level) for x, y in found.tolist()}
        assert (far >= level).sum() == len(squares), level
        assert seen(found, far, level).keys() == squares


def test_the_picture_that_is_most_like_the_others_stands_for_them():
    found = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    features = np.array([[0.0], [1.0], [1.1], [9.0]], np.float32)
    assert levels(found, features, 2).tolist() == [0, 0, 1, 0]
