"""What to try for an argument: the edge values of its type, unless the function reads more in it."""

import re

from judge import edges
from judge.catalog import Slot

PARTS = """DAY YEAR QUARTER MONTH WEEK WEEK(MONDAY) WEEK(SATURDAY) ISOWEEK ISOYEAR HOUR MINUTE SECOND
MILLISECOND MICROSECOND DAYOFWEEK DAYOFYEAR DATE TIME DATETIME""".split()
_INT = edges.null("INT64")
CODES = ["[97, 98]", "[233, 128512]", "ARRAY<INT64>[]", "[97, NULL]", "[-1]", "[1114112]", "[255]", "[256]"]
CODES += ["[55296]", edges.null("ARRAY<INT64>")]
# The first rule whose pattern is all of "function argument type", counted from 0, decides.
RULES: list[tuple[str, list[str]]] = [
    (r"\S+ \d+ ENUM DateTimestampPart", PARTS),
    (r"\S+ \d+ ENUM NormalizeMode", ["NFC", "NFD", "NFKC", "NFKD"]),
    (r"\S+ \d+ ENUM RoundingMode", ["'ROUND_HALF_EVEN'", "'ROUND_HALF_AWAY_FROM_ZERO'", "'x'"]),
    (r"REGEXP_\w+ 1 STRING", edges.PATTERNS),
    (r"REGEXP_\w+ 1 BYTES", edges.BYTE_PATTERNS),
    (r"REGEXP_REPLACE 2 STRING", edges.REWRITES),
    (r"\$\w*like\w* [1-9] STRING", edges.LIKES),
    (r"\$\w*like\w* [1-9] BYTES", edges.BYTE_LIKES),
    (r"FROM_HEX 0 STRING", edges.HEX),
    (r"FROM_BASE64 0 STRING", edges.BASE64),
    (r"FROM_BASE32 0 STRING", edges.BASE32),
    (r"PARSE_(BIG)?NUMERIC 0 STRING", edges.NUMBERS),
    (r"JSON_OBJECT \d STRING", ["'a'", "''", "'é'", edges.null("STRING")]),
    (r"\w*JSON\w* 0 STRING", edges.JSON_TEXTS),
    (r"\w*JSON\w* \d STRING", edges.PATHS),
    (r"NET\.(SAFE_)?IP\w+ \d STRING", edges.ADDRESSES),
    (r"NET\.\w+ \d STRING", edges.HOSTS),
    (r"NET\.\w+ \d BYTES", edges.PACKED),
    (r"(DATE|DATETIME|TIME|TIMESTAMP) 0 STRING", edges.CAST_TEXTS["TIMESTAMP"]),
    (r"(DATE\w*|TIME\w*|CURRENT_\w+|STRING|\$extract\w*) [1-9] STRING", edges.ZONES),
    (r"CURRENT_\w+ 0 STRING", edges.ZONES),
    (r"STRING_AGG 1 STRING", ["','", "''"]),
    (r"(REPEAT|LPAD|RPAD) 1 INT64", edges.COUNTS),
    (r"\$bitwise_(left|right)_shift 1 INT64", [*edges.COUNTS, "63", "64"]),
    (r"\w*INSTR [2-9] INT64", ["1", _INT, "0", "-1", "2", "100"]),
    (r"REGEXP_\w+ [2-9] INT64", ["1", _INT, "0", "-1", "2", "100"]),
    (r"CHR 0 INT64", edges.POINTS),
    (r"(ROUND|TRUNC) 1 INT64", ["1", _INT, "0", "-1", "10", "-40", "9223372036854775807"]),
    (r"TIME 0 INT64", ["12", _INT, "0", "24", "-1"]),
    (r"TIME 1 INT64", ["30", _INT, "60"]),
    (r"TIME 2 INT64", ["45", _INT, "60", "61"]),
    (r"DATE(TIME)? 0 INT64", ["2024", _INT, "0", "1", "9999", "10000"]),
    (r"DATE(TIME)? 1 INT64", ["2", _INT, "0", "13"]),
    (r"DATE(TIME)? 2 INT64", ["29", _INT, "30", "0", "1"]),
    (r"DATETIME 3 INT64", ["12", _INT, "24"]),
    (r"DATETIME [45] INT64", ["30", _INT, "60"]),
    (r"CODE_POINTS_TO_\w+ 0 ARRAY<INT64>", CODES),
]
COMPILED = [(re.compile(pattern), pool) for pattern, pool in RULES]
WORDS = {  # of arguments of STRING that know a few words
    "wide_number_mode": ["'exact'", "'round'", "'ROUND'", "'x'", edges.null("STRING")],
    "mode": ["'strict'", "'lax'", "'lax recursive'", "'x'"],
}


def pool(name: str, at: int, slot: Slot) -> list[str]:
    """The texts to try, an ordinary one first; none for a type that has no values here."""
    if slot.type == "STRING" and slot.name in WORDS:
        return WORDS[slot.name]
    place = f"{name} {at} {slot.type}"
    return next((found for pattern, found in COMPILED if pattern.fullmatch(place)), None) or edges.values(
        slot.type
    )
