"""Values of type JSON: how they are read and written, and JSON_SET and its kin, which change them.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions (2026-08-22); what
is left open there, as google/zetasql answers: of a document's numbers, an INT64, a UINT64 or else a FLOAT64.
"""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

import duckdb
from duckdb.sqltypes import BOOLEAN, VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules import NODE_RULES
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql import casts, json_paths, json_text
from bqml_emulator.sql.formats import described

CHANGED, STRIPPED, PARSED = "_bqml_json_changed", "_bqml_json_stripped", "_bqml_json_parsed"
PREFIX = "bq.main."
DIGITS = len(str(json_text.LEAST))  # of the longest integers
Steps = list[str | int]
MACROS = {  # in the place of local-bigquery's
    "lax_string": "(j) AS CASE WHEN json_type(j) = 'VARCHAR' THEN json_extract_string(j, '$') "
    "WHEN json_type(j) = 'DOUBLE' THEN _bqml_float_text(j::DOUBLE) "
    "WHEN json_type(j) IN ('BIGINT', 'UBIGINT', 'BOOLEAN') THEN j::VARCHAR END",
    "_string": "(j) AS CASE WHEN typeof(j) <> 'JSON' THEN j::VARCHAR "
    "WHEN json_type(j::JSON) = 'VARCHAR' THEN json_extract_string(j::JSON, '$') "
    "WHEN j IS NOT NULL THEN _raise('The provided JSON input is not a string') END",
    "parse_json": f"(s) AS CAST({PARSED}(s, 'exact') AS JSON), (s, mode) AS CAST({PARSED}(s, mode) AS JSON)",
}


def _parsed(text: str, mode: str) -> str:
    """A text as a document; ValueError if it is none, or not by 64 bits or a FLOAT64 if `exact`."""
    if mode.lower() not in ("exact", "round"):
        raise ValueError(f"Invalid `wide_number_mode` specified for PARSE_JSON: {mode}")

    def number(digits: str) -> int | float:
        is_whole = len(digits) <= DIGITS and digits.lstrip("-").isdigit()
        if is_whole and json_text.LEAST <= int(digits) <= json_text.MOST:
            return int(digits)
        made = float(digits)
        if not math.isfinite(made):
            raise ValueError(f"Invalid input to PARSE_JSON: number overflow parsing '{digits}'")
        if mode.lower() == "exact" and Decimal(repr(made)) != Decimal(digits):
            reason = f"Input number: {digits} cannot round-trip through string representation"
            raise ValueError(f"Invalid input to PARSE_JSON: {reason}")
        return made

    def constant(word: str) -> NoReturn:
        raise ValueError(f"Invalid input to PARSE_JSON: {word} is no JSON")

    readers: Any = {"parse_int": number, "parse_float": number, "parse_constant": constant}
    try:
        return json_text.written(json.loads(text, object_pairs_hook=json_text.members, **readers))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"Invalid input to PARSE_JSON: {error}") from None


def _changed(name: str, document: str | None, items: list[str | None], option: bool | None) -> str | None:
    """A document after changes; the items are paths, each but JSON_REMOVE's with its described value."""
    if document is None:
        return None
    found = json.loads(document, object_pairs_hook=json_text.members)
    if name == "json_remove":
        for path in items:
            if path is not None:
                found = _at(found, _steps(name, path), _removed, False)
        return json_text.written(found)
    for path, description in zip(items[::2], items[1::2], strict=True):
        if path is not None and option is not None:
            found = CHANGES[name](found, _steps(name, path), *_value(description or ""), option)
    return json_text.written(found)


def _steps(name: str, path: str) -> Steps:
    found = json_paths.steps(path)
    if name == "json_remove" and not found:
        raise ValueError("The JSONPath cannot be '$'")
    return found


def _value(description: str) -> tuple[Any, bool]:
    """The value as JSON, and whether it is an ARRAY."""
    found = json.loads(json_text.document(description, False))
    return found, json.loads(description)["t"].endswith("]")


def _at(found: Any, steps: Steps, change: Callable[[Any, str | int | None], Any], create: bool) -> Any:
    """The document, changed in the container of its last step; as it is if the path leads nowhere."""
    if not steps:
        return change(found, None)
    step, *others = steps
    if found is None and create:
        found = {} if isinstance(step, str) else []
    if not isinstance(found, dict if isinstance(step, str) else list):
        return found
    if not others:
        return change(found, step)
    is_there = step in found if isinstance(step, str) else step < len(found)
    if is_there or create:
        inner = _at(found[step] if is_there else None, others, change, create)
        if is_there or inner is not None:
            _put(found, step, inner)
    return found


def _put(found: Any, step: Any, value: Any) -> Any:
    if isinstance(found, list):
        found.extend([None] * (step + 1 - len(found)))
    found[step] = value
    return found


def _removed(found: Any, step: Any) -> Any:
    if step in found if isinstance(found, dict) else step < len(found):
        del found[step]
    return found


def _set(found: Any, steps: Steps, value: Any, _: bool, create: bool) -> Any:
    def change(inner: Any, step: Any) -> Any:
        if step is None:
            return value
        is_there = step in inner if isinstance(inner, dict) else step < len(inner)
        return _put(inner, step, value) if is_there or create else inner

    return _at(found, steps, change, create)


def _get(found: Any, step: Any) -> tuple[bool, Any]:
    if step is None:
        return True, found
    is_there = step in found if isinstance(found, dict) else step < len(found)
    return is_there, found[step] if is_there else None


def _append(found: Any, steps: Steps, value: Any, is_array: bool, each: bool) -> Any:
    if is_array and each and value is None:
        return found

    def change(inner: Any, step: Any) -> Any:
        is_there, old = _get(inner, step)
        if not is_there or not (old is None or isinstance(old, list)):
            return inner
        made = (old or []) + (value if is_array and each else [value])
        return made if step is None else _put(inner, step, made)

    return _at(found, steps, change, False)


def _insert(found: Any, steps: Steps, value: Any, is_array: bool, each: bool) -> Any:
    if not steps or not isinstance(steps[-1], int) or (is_array and each and value is None):
        return found
    *before, position = steps

    def change(inner: Any, step: Any) -> Any:
        is_there, old = _get(inner, step)
        if not is_there or not (old is None or isinstance(old, list)):
            return inner
        made = list(old or [])
        made.extend([None] * (position - len(made)))
        made[position:position] = value if is_array and each else [value]
        return made if step is None else _put(inner, step, made)

    return _at(found, before, change, False)


CHANGES: dict[str, Callable[..., Any]] = {
    "json_set": _set,
    "json_array_append": _append,
    "json_array_insert": _insert,
}


def _stripped(document: str | None, path: str | None, arrays: bool | None, empty: bool | None) -> str | None:
    """Without the members and elements that are null below a path."""
    if document is None:
        return None
    found = json.loads(document, object_pairs_hook=json_text.members)
    if path is not None and arrays is not None and empty is not None:

        def change(inner: Any, step: Any) -> Any:
            is_there, old = _get(inner, step)
            if not is_there:
                return inner
            made = _without_nulls(old, arrays, empty)
            return made if step is None else _put(inner, step, made)

        found = _at(found, json_paths.steps(path), change, False)
    return json_text.written(found)


def _without_nulls(found: Any, arrays: bool, empty: bool) -> Any:
    if isinstance(found, dict):
        inner = ((name, _without_nulls(item, arrays, empty)) for name, item in found.items())
        made: Any = {name: item for name, item in inner if item is not None}
    elif isinstance(found, list) and arrays:
        made = [item for old in found if (item := _without_nulls(old, arrays, empty)) is not None]
    else:
        return found
    return made if made or not empty else None


AFTER = (casts, json_text)  # whose functions are in the macros


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions when the database is opened."""
    con.create_function(PARSED, _parsed, [VARCHAR, VARCHAR], VARCHAR)
    for macro, overloads in MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO bq.main.{macro}{overloads}")
    special = {"null_handling": "special"}
    texts = duckdb.list_type(VARCHAR)
    con.create_function(CHANGED, _changed, [VARCHAR, VARCHAR, texts, BOOLEAN], VARCHAR, **special)
    con.create_function(STRIPPED, _stripped, [VARCHAR, VARCHAR, BOOLEAN, BOOLEAN], VARCHAR, **special)


def changes(node: exp.Expression, context) -> exp.Expression:
    """Node rule: JSON_SET, JSON_REMOVE, JSON_ARRAY_APPEND, JSON_ARRAY_INSERT and JSON_STRIP_NULLS."""
    name = node.name.lower().removeprefix(PREFIX) if isinstance(node, exp.Anonymous) else ""
    if name not in (*CHANGES, "json_remove", "json_strip_nulls"):
        return node
    options = {v.name.lower(): v.expression for v in node.expressions if isinstance(v, exp.Kwarg)}
    document, *others = [v for v in node.expressions if not isinstance(v, exp.Kwarg)]
    text = exp.cast(document.copy(), "VARCHAR")
    if name == "json_strip_nulls":
        path = others[0] if others else exp.Literal.string("$")
        flags = (options.get("include_arrays", exp.true()), options.get("remove_empty", exp.false()))
        return _json(exp.func(STRIPPED, text, path, *flags))
    items = [exp.cast(v.copy(), "VARCHAR") if at % 2 == 0 or name == "json_remove" else described(v)
             for at, v in enumerate(others)]  # fmt: skip
    option = next(iter(options.values()), exp.true())
    return _json(exp.func(CHANGED, exp.Literal.string(name), text, exp.Array(expressions=items), option))


def _json(text: exp.Expression) -> exp.Expression:
    return exp.cast(text, "JSON")


def literals(node: exp.Expression, context) -> exp.Expression:
    """Node rule: a literal is written as every document is."""
    if isinstance(node, exp.ParseJSON) and node.this.is_string:
        try:
            node.set("this", exp.Literal.string(_parsed(node.this.name, "round")))
        except ValueError as error:
            raise BigQueryError("invalidQuery", str(error)) from None
    return node


def install():
    """Before local-bigquery's rules."""
    NODE_RULES.insert(0, changes)
    NODE_RULES.insert(0, literals)
    database_files.on_connect.append(register)
