"""JSON functions with a path: which paths there are, and NULL for what is no JSON or no array.

Source: BQ JSON functions, JSONPath format (2026-08-22); messages of google/zetasql. The older functions
(JSON_EXTRACT…) write a key with other characters as ['key'], the newer ones (JSON_QUERY…) as ."key". Numbers
of a text stay as they are written there.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import duckdb
from duckdb.sqltypes import BOOLEAN, VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import BigQueryDialect, macro
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules.typing import TEXT, kind
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql import json_text
from bqml_emulator.sql.formats import Number

OLDER = ("JSON_EXTRACT", "JSON_EXTRACT_SCALAR", "JSON_EXTRACT_ARRAY", "JSON_EXTRACT_STRING_ARRAY")
NEWER = ("JSON_QUERY", "JSON_VALUE", "JSON_QUERY_ARRAY", "JSON_VALUE_ARRAY")
PLAIN = r"\.(?P<plain>[\w\-:\s]+)|\[\s*(?P<index>\d+)\s*\]"
TOKENS = {
    True: re.compile(rf"{PLAIN}|\[\s*'(?P<quoted>(?:[^'\\]|\\.)*)'\s*\]"),
    False: re.compile(rf'{PLAIN}|\."(?P<quoted>(?:[^"\\]|\\.)*)"'),
}
FRACTION = r"\d[.eE]|\d{17}"  # of a number, where DuckDB's digits may be others; also in a string
MACROS = {
    "_bqml_json_or_null": "(x JSON) AS x, (x VARCHAR) AS TRY_CAST(x AS JSON)",
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
    kinds = [VARCHAR, VARCHAR, BOOLEAN, BOOLEAN]
    con.create_function("_bqml_digits", digits, kinds, VARCHAR)
    con.create_function("_bqml_digits_of_elements", digits_of_elements, kinds, duckdb.list_type(VARCHAR))


def lenient(node: exp.Expression, context) -> exp.Expression:
    """Node rule: what is no JSON has nothing in it, and what is no array no elements."""
    path = node.meta.get("path")
    if path is None:
        return node
    is_text = kind(node.this) in TEXT
    value, place = macro("_bqml_json_or_null", node.this), exp.Literal.string(path)
    given, found = node.this.copy(), exp.Anonymous(this="json_extract", expressions=[value, place])
    match node:
        case exp.JSONExtractArray():
            elements = macro("_bqml_json_elements", found)
            return _with_digits(elements, given, place, "JSON[]") if is_text else elements
        case exp.JSONValueArray():
            return _with_digits(macro("_bqml_json_scalars", found), given, place, "VARCHAR[]")
    value.type = node.this.type
    node.set("this", value)
    node.set("expression", place)
    if isinstance(node, exp.JSONExtractScalar):
        return _with_digits(node, given, place, "VARCHAR")
    return _with_digits(node, given, place, "JSON") if is_text else node


def _with_digits(
    found: exp.Expression, given: exp.Expression, place: exp.Expression, kind: str
) -> exp.Expression:
    """What DuckDB finds, but with fractions as they are written in a text, or in a document."""
    is_list, is_scalar = kind.endswith("[]"), kind.startswith("VARCHAR")
    text = exp.cast(found, "VARCHAR[]" if is_list else "VARCHAR", dialect="duckdb")
    digits = exp.func(
        f"_bqml_digits{'_of_elements' * is_list}",
        exp.cast(given, "VARCHAR"),
        place.copy(),
        exp.Boolean(this=is_scalar),
        exp.EQ(this=exp.func("typeof", given.copy()), expression=exp.Literal.string("JSON")),
    )
    has_any = exp.func("regexp_matches", exp.cast(text.copy(), "VARCHAR"), exp.Literal.string(FRACTION))
    return exp.Case(ifs=[exp.If(this=has_any, true=digits)], default=text)


def digits(document: str, path: str, scalar: bool, is_json: bool) -> str | None:
    """What is there, a number with its own digits."""
    return _shown(_found(document, path, is_json), scalar, is_json)


def digits_of_elements(document: str, path: str, scalar: bool, is_json: bool) -> list[str | None]:
    """What is in the array there, each number with its own digits."""
    return [_shown(item, scalar, is_json) for item in _found(document, path, is_json)]


def _found(document: str, path: str, is_json: bool) -> Any:
    readers = {} if is_json else {"parse_float": Number, "parse_int": Number}
    found = json.loads(document, object_pairs_hook=json_text.members, **readers)
    for step in steps(path):
        found = found[step]
    return found


def _shown(value: Any, scalar: bool, is_json: bool) -> str | None:
    if scalar and (value is None or isinstance(value, str)):
        return value
    return json_text.written(value) if is_json else _written(value)


def _written(value: Any) -> str:
    """In the order of the text."""
    if isinstance(value, dict):
        items = (f"{json.dumps(name, ensure_ascii=False)}:{_written(item)}" for name, item in value.items())
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return value.written if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def install():
    """Look at paths when they are parsed, and at the functions before local-bigquery does."""
    known = BigQueryDialect.Parser.FUNCTIONS
    BigQueryDialect.Parser.FUNCTIONS = known | {
        name: _parser(name, known[name]) for name in (*OLDER, *NEWER) if name in known
    }
    NODE_RULES.insert(0, lenient)
    database_files.on_connect.append(register)
