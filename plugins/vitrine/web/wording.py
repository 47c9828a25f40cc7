"""What the words of a search say that the model cannot follow: negation, and languages it does not read."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

# "no parking" and the like name a thing that can be seen; "No. 5" is a number.
NEGATION: Final = re.compile(
    r"""\b(?:(?:that|which|who)\s+(?:is|are|has|have)\s+|(?:is|are|but|and|with)\s+)?
        (?:not|without|excluding|except(?:\s+for)?|no(?!\.|\s+(?:parking|entry|smoking|trespassing)\b))
        \s+(?:(?:a|an|any|the|in|wearing|with)\s+)*
        (?P<unwanted>[^,;.]+?)
        \s*(?=[,;.]|\s(?:and|but|with|without|not|no|in|on|at|near|from|that|which)\s|$)""",
    re.IGNORECASE | re.VERBOSE,
)


class Negated(NamedTuple):
    """What is left of a text without its negations, and what they negate."""

    wanted: str
    unwanted: tuple[str, ...]


def negated(words: str) -> Negated | None:
    """Take the negations out of a text; None if there is none. English, and by a few common words alone.

    >>> negated("a castle without people")
    Negated(wanted='a castle', unwanted=('people',))
    >>> negated("a knot")
    """
    unwanted = tuple(match["unwanted"] for match in NEGATION.finditer(words))
    if not unwanted:
        return None
    return Negated(" ".join(NEGATION.sub(" ", words).split()).strip(" ,;."), unwanted)


def foreign_script(words: str) -> str | None:
    """The script of most letters if it is not the Latin one, e.g. "Cyrillic"; else None.

    A language in Latin letters is not recognised: a few words do not tell it reliably.

    >>> foreign_script("красная машина")
    'Cyrillic'
    >>> foreign_script("une voiture rouge")
    """
    scripts = [unicodedata.name(letter, "?").split()[0] for letter in words if letter.isalpha()]
    foreign = [script for script in scripts if script not in ("LATIN", "FULLWIDTH", "?")]
    if 2 * len(foreign) <= len(scripts):
        return None
    most = max(set(foreign), key=foreign.count)
    return {"CJK": "Chinese or Japanese"}.get(most, most.title())
