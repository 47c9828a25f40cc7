"""A request's words without those that say nothing about what the picture shows."""

import re

from bqml_emulator.model.colour import COLOUR_WORD

FILLER = re.compile(
    r"^\s*((please|show|find|get|give|search|me|for|us|all|some|any|the|a|an|my)\s+)*"
    r"(pictures?|photos?|photographs?|images?|pics?|paintings?)\s+(of|with|showing|containing)\s+",
    re.IGNORECASE,
)
# What is left where colours stood: "white or cream dress" -> "or dress", "red, blue hats" -> ", hats".
LEADING_JOINTS = re.compile(r"^((or|and)\b|[,\s])+")
DOUBLED_JOINTS = re.compile(r"\b(or|and)\s+(?=(or|and)\b)")
SMALL_WORDS = re.compile(r"\b(a|an|the|of|or|and|in|on|color|colour)\b", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]{2,}")


def without_filler(text: str) -> str:
    """Drop an opening such as "show me pictures of"."""
    return FILLER.sub("", text).strip()


def without_colours(text: str) -> str:
    """Drop the colour words, unless nothing else would be left."""
    rest = re.sub(r"\s+", " ", COLOUR_WORD.sub(" ", text)).strip()
    rest = DOUBLED_JOINTS.sub("", LEADING_JOINTS.sub("", rest)).strip(" ,-")
    return rest if WORD.search(SMALL_WORDS.sub("", rest)) else text
