"""JSON functions with a path: which paths there are, and NULL for what is no JSON or no array.

Source: BQ JSON functions, JSONPath format (2026-08-22); messages of google/zetasql. The older functions
(JSON_EXTRACT…) write a key with other characters as ['key'], the newer ones (JSON_QUERY…) as ."key".
"""

import re
from collections.abc import Callable

import duckdb
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import BigQueryDialect, macro
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules.typing import TEXT, kind
from sqlglot import exp

from bqml_emulator.engine import database_files

OLDER = ("JSON_EXTRACT", "JSON_EXTRACT_SCALAR", "JSON_EXTRACT_ARRAY", "JSON_EXTRACT_STRING_ARRAY")
NEWER = ("JSON_QUERY", "JSON_VALUE", "JSON_QUERY_ARRAY", "JSON_VALUE_ARRAY")
PLAIN = r"\.(?P<plain>[\w\-:\s]+)|\[\s*(?P<index>\d+)\s*\]"
TOKENS = {
    True: re.compile(rf"{PLAIN}|\[\s*'(?P<quoted>(?:[^'\\]|\\.)*)'\s*\]"),
    False: re.compile(rf'{PLAIN}|\."(?P<quoted>(?:[^"\\]|\\.)*)"'),
}
MACROS = {
    "_bqml_json": "(x JSON) AS x, (x VARCHAR) AS TRY_CAST(x AS JSON)",
    "_bqml_json_elements": "(j) AS CASE WHEN json_type(j) = 'ARRAY' THEN json_extract(j, '$[*]') END",
    "_bqml_json_scalars": "(j) AS CASE WHEN json_type(j) = 'ARRAY' AND NOT list_has_any("
    "json_type(j, '$[*]'), ['ARRAY', 'OBJECT']) THEN json_extract_string(j, '$[*]') END",
}


def canonical(path: str, older: bool) -> str:
    """A path as DuckDB reads it. BigQueryError if it is none."""
    if path.startswith("lax "):
        raise BigQueryError("invalidQuery", "not emulated: lax JSON paths")
    try:
        found = steps(path, older)
    except ValueError as error:
        text = "Unsupported operator in JSONPath: *" if "*" in str(error) else str(error)
        raise BigQueryError("invalidQuery", text) from None
    if any('"' in step for step in found if isinstance(step, str)):
        raise BigQueryError("invalidQuery", "not emulated: quotation marks in the key of a JSON path")
    return "$" + "".join(f'."{step}"' if isinstance(step, str) else f"[{step}]" for step in found)


def steps(path: str, older: bool = False) -> list[str | int]:
    """The keys and positions of a path. ValueError if it is none."""
    if not path.startswith("$"):
        raise ValueError("JSONPath must start with '$'")
    at, found = 1, list[str | int]()
    while at < len(path) and not (older and path[at:] == "."):
        token = TOKENS[older].match(path, at)
        if token is None:
            raise ValueError(f"Invalid token in JSONPath at: {path[at:]}")
        at = token.end()
        key = re.sub(r"\\(.)", r"\1", token["plain"] or token["quoted"] or "")
        found.append(int(token["index"]) if token["index"] else key)
    return found


def _parser(name: str, build: Callable) -> Callable:
    takes_dialect = "dialect" in build.__code__.co_varnames

    def parse(args, dialect):
        path = args[1] if len(args) > 1 else exp.Literal.string("$")
        text = path.this if isinstance(path, exp.Literal) and path.is_string else None
        found = build(args, dialect=dialect) if takes_dialect else build(args)
        if text is not None:
            found.meta["path"] = canonical(text, name in OLDER)
        return found

    return parse


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions when the database is opened."""
    for name, overloads in MACROS.items():
        con.execute(f"CREATE MACRO bq.main.{name}{overloads}")


def lenient(node: exp.Expression, context) -> exp.Expression:
    """Node rule: what is no JSON has nothing in it, and what is no array no elements."""
    path = node.meta.get("path")
    if path is None:
        return node
    is_text = kind(node.this) in TEXT
    value, place = macro("_bqml_json", node.this), exp.Literal.string(path)
    match node:
        case exp.JSONExtractArray():
            made = macro(
                "_bqml_json_elements", exp.Anonymous(this="json_extract", expressions=[value, place])
            )
            return exp.cast(made, "VARCHAR[]", dialect="duckdb") if is_text else made
        case exp.JSONValueArray():
            return macro("_bqml_json_scalars", exp.Anonymous(this="json_extract", expressions=[value, place]))
    value.type = node.this.type
    node.set("this", value)
    node.set("expression", place)
    return node


def install():
    """Look at paths when they are parsed, and at the functions before local-bigquery does."""
    known = BigQueryDialect.Parser.FUNCTIONS
    BigQueryDialect.Parser.FUNCTIONS = known | {
        name: _parser(name, known[name]) for name in (*OLDER, *NEWER) if name in known
    }
    NODE_RULES.insert(0, lenient)
    database_files.on_connect.append(register)
