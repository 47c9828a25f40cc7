"""The bars of the health page."""

import pytest

from vitrine.web.chart import COST_HEIGHT, IMAGES_HEIGHT, LEAST_HEIGHT, columns


def run(published=0, quarantined=0, vanished=0, pending=0, cost_usd=None):
    """A report."""
    parts = {
        "published": published,
        "quarantined": quarantined,
        "vanished": vanished,
        "pending": pending,
    }
    return {**parts, "planned": sum(parts.values()), "cost_usd": cost_usd}


def test_the_largest_run_fills_the_chart():
    small, large = columns([run(published=50, cost_usd=0.5), run(published=60, pending=40, cost_usd=1.0)])
    assert [part.height for part in small.segments] == [IMAGES_HEIGHT / 2]
    assert [(part.part, part.y, part.height) for part in large.segments] == [
        ("published", IMAGES_HEIGHT * 0.4, IMAGES_HEIGHT * 0.6),
        ("pending", 0, IMAGES_HEIGHT * 0.4),
    ]
    assert (small.cost_height, large.cost_height) == (COST_HEIGHT / 2, COST_HEIGHT)
    assert small.x < large.x


def test_one_broken_image_is_seen_beside_thousands():
    [column] = columns([run(published=100_000, quarantined=1)])
    assert column.segments[1].height == LEAST_HEIGHT
    [_, night] = columns([run(published=100_000), run(quarantined=1)])
    assert night.segments[0].height == LEAST_HEIGHT


@pytest.mark.parametrize("runs", [[], [run()]])
def test_nothing_happened(runs):
    assert [column.segments for column in columns(runs)] == [[] for _ in runs]


def test_bars_stay_inside():
    for column in columns([run(published=10_000, quarantined=1, vanished=1, pending=1)]):
        assert all(part.y >= 0 and part.y + part.height <= IMAGES_HEIGHT for part in column.segments)
