"""The lines of the health page."""

import pytest

from vitrine.web.trend import MOST_MEASUREMENTS, PLOT_HEIGHT, SCALE_WIDTH, TOP, WIDTH, trend


def row(image=None, word=None):
    """A measurement."""
    return {"image_recall": image, "word_recall": word}


def test_the_scale_goes_from_the_ten_below_the_lowest_up_to_everything():
    found = trend([row(1.0, 0.65), row(0.8, None)], goal=0.9)
    images, words = found.lines
    assert found.floor == 0.6
    assert [y for _, y in images.points] == [TOP, TOP + PLOT_HEIGHT / 2]
    assert [y for _, y in words.points] == [TOP + PLOT_HEIGHT * 0.875]
    assert found.goal_y == TOP + PLOT_HEIGHT * 0.25


@pytest.mark.parametrize(
    ("lowest", "goal", "floor"), [(0.95, 0.9, 0.8), (1.0, 1.0, 0.9), (0.0, 0.9, 0.0), (0.7, 0.0, 0.0)]
)
def test_what_is_lowest_is_above_the_floor_or_on_it(lowest, goal, floor):
    found = trend([row(lowest)], goal)
    assert found.floor == floor
    assert TOP <= found.lines[0].points[0][1] <= TOP + PLOT_HEIGHT
    assert TOP <= found.goal_y <= TOP + PLOT_HEIGHT


def test_a_week_without_an_index_is_a_gap():
    images, words = trend([row(0.9), row(0.9), row(), row(0.9)], goal=0.9).lines
    assert [len(stretch.split()) for stretch in images.stretches] == [2, 1]
    assert (words.points, words.stretches) == ([], [])


def test_half_a_year_fits():
    marks = trend([row(0.9)] * MOST_MEASUREMENTS, goal=0.9).marks
    assert SCALE_WIDTH < marks[0][0] < marks[-1][0] < WIDTH


def test_nothing_was_measured():
    assert trend([], goal=0.9).marks == []
