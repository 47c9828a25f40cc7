"""What BigQuery demands of regular expressions: one group at most, places counted from 1.

Source: BQ string functions, REGEXP_EXTRACT and its like (2026-08-22); messages of google/zetasql.
"""

import functools
import re

import duckdb
from duckdb.sqltypes import VARCHAR
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import macro
from sqlglot import exp

GROUP = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|(\((?!\?)|\(\?P?<(?![=!]))", re.S
)
PATTERNS = (
    exp.RegexpLike, exp.RegexpInstr, exp.RegexpExtract, exp.RegexpExtractAll, exp.RegexpReplace
)  # fmt: skip
MANY = "Regular expressions passed into extraction functions must not have more than 1 capturing group"
MACROS = {
    "_bqml_counted": "(x, position, occurrence) AS CASE "
    "WHEN position < 1 THEN _raise('Position must be positive') "
    "WHEN occurrence < 1 THEN _raise('Occurrence must be positive') ELSE x END",
}


def groups(pattern: str) -> int:
    """How many parts of what is found are told apart. ValueError if more than one."""
    count = sum(1 for found in GROUP.finditer(pattern) if found[1])
    if count > 1:
        raise ValueError(MANY)
    return count


def grouped(pattern: str) -> str:
    """The pattern with exactly one group: what is to be extracted."""
    return pattern if groups(pattern) else f"({pattern})"


def grouped_all(pattern: str) -> str:
    """The same of a pattern that always finds something; ValueError if it may find an empty text."""
    if re.match(r"^(?!\^)", pattern) and _finds_nothing(pattern):
        raise ValueError("not emulated: REGEXP_EXTRACT_ALL of a pattern that matches the empty text")
    return grouped(pattern)


def _finds_nothing(pattern: str) -> bool:
    try:
        return re.match(pattern, "") is not None
    except re.error:  # RE2 knows other things than Python
        return False


@functools.lru_cache(1024)
def problem(pattern: str, is_extraction: bool) -> str | None:
    """What is wrong with a pattern; None if nothing is. DuckDB's RE2 is asked, as Python knows other ones."""
    try:
        with database.cursor() as con:
            con.execute("SELECT regexp_matches('', ?)", [pattern])
        if is_extraction:
            groups(pattern)
    except duckdb.Error as error:
        return f"Cannot parse regular expression: {str(error).removeprefix('Invalid Input Error: ')}"
    except ValueError as error:
        return str(error)
    return None


def _literal(pattern: exp.Expression) -> str | None:
    """A pattern that is written out; of BYTES with a character for each byte."""
    if pattern.is_string:
        return pattern.name
    is_bytes = isinstance(pattern, exp.Anonymous) and pattern.name.lower() == "from_hex"
    hexadecimal = pattern.expressions[0] if is_bytes else None
    is_written = hexadecimal is not None and hexadecimal.is_string
    return bytes.fromhex(hexadecimal.name).decode("latin-1") if is_written else None


def refused(node: exp.Expression) -> exp.Expression | None:
    """The call with a literal pattern that is wrong: an error, but of rows without NULL in its arguments."""
    pattern = _literal(node.expression) if isinstance(node, PATTERNS) else None
    if pattern is None:
        return None
    message = problem(pattern, isinstance(node, exp.RegexpExtract | exp.RegexpExtractAll))
    if message is None:
        return None
    kinds = {exp.RegexpLike: "BOOLEAN", exp.RegexpInstr: "BIGINT", exp.RegexpExtractAll: "VARCHAR[]"}
    of_bytes = "BLOB[]" if isinstance(node, exp.RegexpExtractAll) else "BLOB"
    given = kinds.get(type(node), "VARCHAR")
    is_bytes = not node.expression.is_string and given.startswith("VARCHAR")
    others = [node.args.get(key) for key in ("this", "replacement", "position", "occurrence", "option")]
    nulls = [exp.Is(this=other.copy(), expression=exp.null()) for other in others if other is not None]
    error = exp.func("_raise", exp.Literal.string(message))
    to = exp.DataType.build(of_bytes if is_bytes else given, dialect="duckdb")
    return exp.Case(ifs=[exp.If(this=exp.or_(*nulls), true=exp.null())], default=exp.Cast(this=error, to=to))


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions when the database is opened."""
    for name, overloads in MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO bq.main.{name}{overloads}")
    con.create_function("_bqml_grouped", grouped, [VARCHAR], VARCHAR)
    con.create_function("_bqml_grouped_all", grouped_all, [VARCHAR], VARCHAR)


def demand(node: exp.Expression):
    """Check a call of REGEXP_EXTRACT, _EXTRACT_ALL or _INSTR as it is written, or have its values checked."""
    _check_places(node)
    if isinstance(node, exp.RegexpInstr):
        return
    is_all = isinstance(node, exp.RegexpExtractAll)
    pattern = node.expression
    if pattern.is_string and not isinstance(pattern, exp.ByteString):
        try:
            if is_all:
                grouped_all(pattern.this)
        except ValueError as error:
            raise BigQueryError("invalidQuery", str(error)) from None
        return
    node.set("expression", exp.func("_bqml_grouped_all" if is_all else "_bqml_grouped", pattern))
    node.set("group", exp.Literal.number(1))


def _check_places(node: exp.Expression):
    option = node.args.get("option")
    if option is not None and option.sql("bigquery") not in ("0", "1"):
        raise BigQueryError("invalidQuery", "Invalid return_position_after_match.")
    places = [node.args.get(key) or exp.Literal.number(1) for key in ("position", "occurrence")]
    if not all(place.is_int and place.to_py() > 0 for place in places):
        node.set("this", macro("_bqml_counted", node.this, *(place.copy() for place in places)))
