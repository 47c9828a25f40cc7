"""Which words of a request count, and which colours it names."""

import pytest

from bqml_emulator.model.colour import NAMES, colour_words
from bqml_emulator.model.wording import without_colours, without_filler


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("pictures of white dress", "white dress"),
        ("Please show me some photos of a castle", "a castle"),
        ("an image with two dogs", "two dogs"),
        ("a picture frame", "a picture frame"),
        ("castle", "castle"),
    ],
)
def test_openings_that_say_nothing_are_dropped(text, wish):
    assert without_filler(text) == wish


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("white or cream colored dress from victorian era", "dress from victorian era"),
        ("a red car", "a car"),
        ("a navy-blue hat", "a - hat"),
        ("Reddish, yellow and green leaves", "leaves"),
        ("a red", "a red"),
        ("orange", "orange"),
        ("a hat", "a hat"),
    ],
)
def test_colours_are_dropped_unless_nothing_else_is_left(text, rest):
    assert without_colours(text) == rest


@pytest.mark.parametrize(
    ("text", "colours"),
    [
        ("a white or cream colored dress", {"white", "beige"}),
        ("Navy trousers", {"blue"}),
        ("a greyish gray cat", {"grey"}),
        ("a redwood tree", set()),
        ("a dress", set()),
    ],
)
def test_colour_words_have_basic_names(text, colours):
    assert {name for name, share in zip(NAMES, colour_words(text), strict=True) if share} == colours
