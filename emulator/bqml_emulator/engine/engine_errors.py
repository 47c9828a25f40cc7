"""DuckDB's errors in BigQuery's words, where local-bigquery leaves them as they are.

What nothing here knows is a statement that DuckDB does not take: "not emulated" with the engine's reason, its
names for types and functions replaced by BigQuery's. Texts observed on BigQuery; those marked are ours.
"""

import re

import duckdb
from local_bigquery.errors import BigQueryError

TRANSLATED = [
    (r"Could not convert string '(.*?)' to (?:U?INT\d+|HUGEINT)", r"Bad int64 value: \1"),
    (r"Could not convert string '(.*?)' to (?:DOUBLE|FLOAT)", r"Bad double value: \1"),
    (r"Could not convert string '(.*?)' to BOOL", r"Bad bool value: \1"),
    (r"Could not convert string [\"'](.*?)[\"'] to DECIMAL", r"Invalid NUMERIC value: \1"),
    (r"invalid timestamp field format: \"(.*?)\"", r"Invalid timestamp: '\1'"),
    (r"invalid time field format: \"(.*?)\"", r"Invalid time string \"\1\""),
    (r"NOT NULL constraint failed: (?:.*\.)?(\w+)", r"Required field \1 cannot be null"),
    (r"Duplicate (?:column|alias) (?:name )?\"?(\w+)\"?", r"Duplicate column name \1"),
    (r"[Dd]ivision by zero", "division by zero"),
    (
        r"(?:list_cosine_distance|list_distance).*left length '(\d+)' and right length '(\d+)'",
        r"Array length mismatch: \1 and \2.",
    ),
    (r"list_\w+: \w+ argument can not contain NULL", "NULL array element"),
    (
        r"Unimplemented type for cast \((?:STRUCT|TUPLE)\(.*, DOUBLE\) -> DOUBLE\)",
        "not emulated: distances of sparse vectors",
    ),
    (r"Copy Function with name \"(\w+)\" is not in the catalog", r"not emulated: format \1"),
    (r"Column with name \"?(\w+)\"? already exists", r"Column already exists: \1"),
    (
        r"ORDER BY window expressions cannot be volatile",
        "not emulated: RAND() and the like in the ORDER BY of a window",
    ),
    (r"cannot start a transaction within a transaction", "Nested transactions are not supported"),  # ours
]
TYPES = [
    (r"TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ", "TIMESTAMP"),
    (r"\bVARCHAR\b|\bSTRING_LITERAL\b", "STRING"),
    (r"\b(?:U?BIGINT|U?INTEGER|INTEGER_LITERAL|U?SMALLINT|U?TINYINT|U?HUGEINT|INT32)\b", "INT64"),
    (r"\bDOUBLE\b|\bFLOAT\b", "FLOAT64"),
    (r"\bBOOLEAN\b", "BOOL"),
    (r"\bBLOB\b", "BYTES"),
    (r"\bDECIMAL(?:\(\d+, ?\d+\))?", "NUMERIC"),
    (r"\bTUPLE\b", "STRUCT"),
    (r"(\w+(?:\([^()]*\))?)\[\]", r"ARRAY<\1>"),
    (r'temp\.main\."?__\w+"?|"?_(?:bqml|_)\w*"?', "a temporary table"),
    (r"(?i)\bbq\.main\.", ""),
    (r"(?i)macro", "function"),
    (r" when casting from source column \w+", ""),
    (r" (?:You might need|In order to select one, please) (?:to )?add explicit type casts\..*", ""),
    (r" Did you mean .*| Candidate .*| HINT:.*", ""),
]
STATEMENT_ERRORS = (  # the engine does not take the statement; other errors are the data's
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.NotImplementedException,
    duckdb.ParserException,
    duckdb.InternalException,
)


def tidy(message: str) -> str:
    """The first line of an engine's message with BigQuery's names for types and functions."""
    message = message.split("\n")[0]
    for pattern, replacement in TYPES:
        message = re.sub(pattern, replacement, message)
    return message.strip()


def translated(message: str) -> str | None:
    """BigQuery's text for an engine's message, or None."""
    for pattern, text in TRANSLATED:
        if match := re.search(pattern, message):
            return match.expand(text)
    return None


def reworded(error: Exception, found: BigQueryError) -> str:
    """What to say of an error that local-bigquery has no words for."""
    text = tidy(translated(found.message) or found.message)
    refused = isinstance(error, STATEMENT_ERRORS) and found.reason == "invalidQuery"
    return f"not emulated: {text}" if refused and not translated(found.message) else text
