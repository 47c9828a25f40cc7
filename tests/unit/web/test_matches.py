"""Where the line between good and weak matches is drawn."""

import pytest

from vitrine.web.matches import typical_distance, weaker_beyond


@pytest.mark.parametrize(
    ("distances", "typical", "good"),
    [
        ([0.5], 0.9, 1),
        ([0.2, 0.3, 0.4, 0.7], 0.9, 3),  # the line is at 0.515
        ([0.6, 0.65, 0.7, 0.8], 0.9, 3),  # of other words the same distance is on the other side of it
        ([0.5, 0.55, 0.6], 0.9, 3),  # all are good
        ([0.2, 0.8, 0.85], 0.9, 1),
        ([0.9, 0.9, 0.9], 0.9, 3),  # a collection of equal pictures
        ([0.9, 0.95], 0.8, 1),  # the sample missed what was found
    ],
)
def test_the_line(distances, typical, good):
    line = weaker_beyond(distances[0], typical)
    assert sum(distance <= line for distance in distances) == good


def test_the_line_does_not_depend_on_the_model_s_scale():
    """A model whose distances are all ten times closer together finds the same line."""
    closer = weaker_beyond(0.1 * 0.5 + 0.7, 0.1 * 0.9 + 0.7)
    assert closer == pytest.approx(0.1 * weaker_beyond(0.5, 0.9) + 0.7)


def test_the_typical_distance_is_the_mean_of_all():
    pictures = [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8)]
    mean = [sum(column) / 3 for column in zip(*pictures, strict=True)]
    query = (3.0, 4.0)
    each = [1 - (3 * x + 4 * y) / 5 for x, y in pictures]
    assert typical_distance(query, mean) == pytest.approx(sum(each) / 3)
