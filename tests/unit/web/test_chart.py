"""The bars of the health page."""

import pytest

from vitrine.web.chart import HEIGHT, LEAST, TOP, columns, marks


def run(published=0, quarantined=0, vanished=0, pending=0):
    """A report."""
    parts = {
        "published": published,
        "quarantined": quarantined,
        "vanished": vanished,
        "pending": pending,
    }
    return {**parts, "planned": sum(parts.values())}


def height(column):
    """Height of a whole bar."""
    return sum(segment.height for segment in column.segments)


def test_a_night_of_500_is_seen_beside_one_of_600_000():
    small, large = columns([run(published=500), run(published=600_000)])
    assert height(large) == pytest.approx(HEIGHT)
    assert HEIGHT * 0.4 < height(small) < HEIGHT * 0.5
    assert small.x < large.x


def test_each_mark_is_ten_times_the_one_below_and_bars_stand_on_the_same_scale():
    runs = [run(published=99), run(published=12_000)]
    scale = marks(runs)
    assert [mark.images for mark in scale] == [1, 10, 100, 1_000, 10_000]
    top = columns(runs)[0].segments[0].y
    assert scale[2].y < top < scale[1].y
    assert top - scale[2].y < 1


def test_what_went_wrong_stands_at_the_bottom_where_the_scale_measures_it():
    [column] = columns([run(published=100_000, pending=31)])
    assert [segment.part for segment in column.segments] == ["pending", "published"]
    [alone] = columns([run(published=100_000, pending=31)])[0].segments[:1]
    assert alone.y + alone.height == TOP + HEIGHT
    assert alone.height > HEIGHT / 4


def test_one_more_on_top_of_thousands_is_still_seen():
    [column] = columns([run(pending=100_000, published=1)])
    assert column.segments[-1].height == LEAST


@pytest.mark.parametrize("runs", [[], [run()]])
def test_nothing_happened(runs):
    assert [column.segments for column in columns(runs)] == [[] for _ in runs]


@pytest.mark.parametrize(
    "one",
    [run(10_000, 1, 1, 1), run(1, 1, 1, 1), run(1, 10_000, 0, 10_000), run(1)],
)
def test_bars_stay_inside_without_a_gap(one):
    [column] = columns([one])
    assert all(segment.height > 0 for segment in column.segments)
    assert column.segments[-1].y >= TOP
    edges = [segment.y for segment in column.segments]
    assert edges[:-1] == pytest.approx(
        [segment.y + segment.height for segment in column.segments[1:]], abs=0.11
    )


def test_twenty_runs_fill_the_width_and_the_newest_always_has_a_label():
    shown = columns([run(published=number) for number in range(20)])
    assert shown[-1].x + shown[-1].width <= 100
    assert [column.rarely for column in shown[-5:]] == [0, 2, 1, 2, 0]
