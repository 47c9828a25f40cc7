"""PARSE_JSON and JSON literals: a document as BigQuery keeps it.

Sources: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#parse_json and
data-types#json_type (2026-11-27); as in google/zetasql: names are in order, the first of equal names counts,
and a number is an INT64, a UINT64 or else a FLOAT64.
"""

import json
from decimal import Decimal
from typing import Any

import duckdb
from duckdb.sqltypes import VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules import NODE_RULES
from sqlglot import exp

from bqml_emulator.engine import database_files

MACROS = {  # in the place of local-bigquery's
    "parse_json": "(s) AS _bqml_parse_json(s, 'exact')::JSON, (s, mode) AS _bqml_parse_json(s, mode)::JSON",
    "_string": "(j) AS CASE WHEN typeof(j) <> 'JSON' THEN j::VARCHAR "
    "WHEN json_type(j::JSON) = 'VARCHAR' THEN json_extract_string(j::JSON, '$') "
    "WHEN j IS NOT NULL THEN _raise('The provided JSON input is not a string') END",
}
MODES = ("exact", "round")


def normal(text: str, mode: str) -> str:
    """The document as it is kept. ValueError if it is none, or if mode `exact` would change a number."""

    def fraction(written: str) -> float:
        found = float(written)
        if found in (float("inf"), float("-inf")):
            raise ValueError(f"Invalid input to PARSE_JSON: number overflow parsing '{written}'")
        if mode == "exact" and Decimal(repr(found)) != Decimal(written):
            raise ValueError(
                f"Invalid input to PARSE_JSON: Input number: {written} cannot round-trip through string "
                "representation"
            )
        return found

    def whole(written: str) -> int | float:
        found = int(written) if len(written) <= len(str(-(2**63))) else 2**64
        return found if -(2**63) <= found < 2**64 else fraction(written)

    try:
        found = json.loads(
            text,
            object_pairs_hook=_first_in_order,
            parse_float=fraction,
            parse_int=whole,
            parse_constant=_refuse_constant,
        )
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"Invalid input to PARSE_JSON: {error}") from None


def _first_in_order(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(sorted(dict(reversed(pairs)).items()))


def _refuse_constant(name: str):
    raise ValueError(f"Invalid input to PARSE_JSON: invalid literal {name}")


def _parse(text: str | None, mode: str | None) -> str | None:
    if text is None or mode is None:
        return None
    if mode.lower() not in MODES:
        raise ValueError(f"Invalid `wide_number_mode` specified for PARSE_JSON: {mode}")
    return normal(text, mode.lower())


def literals(node: exp.Expression, context) -> exp.Expression:
    """Node rule: JSON '…'."""
    if isinstance(node, exp.ParseJSON) and node.this.is_string:
        try:
            node.set("this", exp.Literal.string(normal(node.this.this, "round")))
        except ValueError as error:
            raise BigQueryError("invalidQuery", str(error)) from None
    return node


def register(con: duckdb.DuckDBPyConnection):
    """Make the function and the macros when the database is opened."""
    con.create_function("_bqml_parse_json", _parse, [VARCHAR, VARCHAR], VARCHAR, null_handling="special")
    for name, bodies in MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO bq.main.{name}{bodies}")


def install():
    """Look at literals before others do."""
    NODE_RULES.insert(0, literals)
    database_files.on_connect.append(register)
