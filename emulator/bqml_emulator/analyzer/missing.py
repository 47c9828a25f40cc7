"""What BigQuery has and this emulator has not; it says so, not "syntax error" or "function not found".

docs/emulation.md lists the statements below; an entry goes when its feature comes.
"""

import functools
import re
from pathlib import Path

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
from zetasql.wasi._pb2.zetasql.proto import options_pb2

from bqml_emulator.analyzer import language

UNREAD = re.compile(r"""--[^\n]*|\#[^\n]*|/\*.*?\*/|'[^'\n]*'|"[^"\n]*\"""", re.DOTALL)  # comments, strings
STATEMENTS = {
    r"GENERATED\s+ALWAYS\s+AS\s*\(\s*AI\.": "autonomous embedding generation (GENERATED ALWAYS AS)",
    r"\bAI\.SEARCH\s*\(": "AI.SEARCH",
    r"\bEXTERNAL_OBJECT_TRANSFORM\s*\(": "EXTERNAL_OBJECT_TRANSFORM",
    r"\bALTER\s+PROJECT\b": "ALTER PROJECT",
    r"\b(?:CREATE\s+OR\s+REPLACE|ALTER)\s+CONNECTION\b": "changing a connection; drop it and create it anew",
    r"\b(?:CREATE|ALTER|DROP)\s+(?:CAPACITY|RESERVATION|ASSIGNMENT)\b": "reservations",
    r"\blexical_search_(?:columns|query_value)\b": "hybrid search (lexical_search_columns)",
    r"^\s*LOAD\s+DATA\b": "LOAD DATA; use a load job",
    r"\bEXPORT\s+MODEL\b": "EXPORT MODEL",
    r"\bEXTERNAL\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?\S+\s*(?:OPTIONS\b|\()": "external tables over files",
}
NOT_FOUND = re.compile(  # as the analyzer and DuckDB say it
    r'(?:(?:Function|Table-valued function) not found: |Scalar Function with name ")([\w.]+)'
)
# BigQuery's name spaces, whose functions are too many and too new to be listed; DuckDB has "_" for their dot
FAMILY = re.compile(r"(AI|ML|OBJ|KEYS|AEAD|HLL_COUNT|KLL_QUANTILES)[._](\w+)|(?:ST|S2)_\w+")
LIST = Path(__file__).parent / "bigquery_functions.txt"


def named_in(sql: str) -> str | None:
    """The first missing feature that a statement uses, comments and strings apart."""
    text = UNREAD.sub(" ", sql)
    return next(
        (name for pattern, name in STATEMENTS.items() if re.search(pattern, text, re.IGNORECASE)), None
    )


def view_in(sql: str, message: str) -> str | None:
    """What to say of a name that is no column of an INFORMATION_SCHEMA view here."""
    if message.startswith("Unrecognized name: ") and "INFORMATION_SCHEMA" in sql.upper():
        return f"or no column of an INFORMATION_SCHEMA view: {message}"
    return None


def function_in(message: str) -> str | None:
    """The function of BigQuery's that the analyzer or DuckDB says it does not find."""
    match = NOT_FOUND.search(message)
    name = match[1].upper() if match else ""
    family = FAMILY.fullmatch(name)
    if family and family[1]:
        return f"{family[1]}.{family[2]}"
    return name if name in of_bigquery() or family else None


@functools.cache
def of_bigquery() -> dict[str, str]:
    """BigQuery's functions, and the page of the reference each is described on."""
    lines = (line for line in LIST.read_text().splitlines() if line and not line.startswith("#"))
    return {
        name: page for page, _, names in (line.partition(": ") for line in lines) for name in names.split()
    }


@functools.cache
def not_of_bigquery() -> tuple[int, ...]:
    """The signatures of those functions of ZetaSQL that BigQuery has not."""
    request = options_pb2.ZetaSQLBuiltinFunctionOptionsProto(language_options=language.options())
    found = language.service().call("GetBuiltinFunctions", request, messages.GetBuiltinFunctionsResponse)
    return tuple(
        signature.context_id
        for function in found.function
        if not function.name_path[0].startswith("$") and not _names(function) & of_bigquery().keys()
        for signature in function.signature
    )


def _names(function) -> set[str]:
    return {".".join(function.name_path).upper(), function.options.alias_name.upper()}
