"""Negation and foreign scripts in the words of a search."""

import pytest

from vitrine.web.wording import foreign_script, negated


@pytest.mark.parametrize(
    ("words", "wanted", "unwanted"),
    [
        ("not red", "", ("red",)),
        ("no hats", "", ("hats",)),
        ("a castle without people", "a castle", ("people",)),
        ("a castle without any people", "a castle", ("people",)),
        ("a car, not red", "a car", ("red",)),
        ("a dress that is not white", "a dress", ("white",)),
        ("a street with no cars", "a street", ("cars",)),
        ("A street WITHOUT Cars", "A street", ("Cars",)),
        ("a dog but not a poodle", "a dog", ("poodle",)),
        ("hats, no feathers, and not red", "hats", ("feathers", "red")),
        ("a house without a roof on a hill", "a house on a hill", ("roof",)),
        ("men not wearing hats", "men", ("hats",)),
        ("everything except for cars", "everything", ("cars",)),
    ],
)
def test_a_negation_is_taken_apart(words, wanted, unwanted):
    assert negated(words) == (wanted, unwanted)


@pytest.mark.parametrize(
    "words",
    ["a red car", "a knot", "nothing", "Noh theatre", "a no parking sign", "No. 5", "notes", "no", ""],
)
def test_what_is_no_negation(words):
    assert negated(words) is None


@pytest.mark.parametrize(
    ("words", "script"),
    [
        ("красная машина", "Cyrillic"),
        ("赤い車", "Chinese or Japanese"),
        ("κόκκινο αυτοκίνητο", "Greek"),
        ("سيارة حمراء", "Arabic"),
        ("빨간 차", "Hangul"),
        ("a painting by 北斎", None),
        ("a café in Århus", None),
        ("ｒｅｄ ｃａｒ", None),
        ("🚗 7 !", None),
        ("", None),
        ("\ue000\ue000\ue000", None),  # private use: not even a name
    ],
)
def test_a_foreign_script(words, script):
    assert foreign_script(words) == script
