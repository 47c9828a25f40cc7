"""JSON_ARRAY and JSON_OBJECT: each value as TO_JSON writes it, and the first of equal keys.

Source: BQ JSON functions (2026-08-22).
"""

from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules.typing import TEXT, kind
from sqlglot import exp
from sqlglot.errors import ParseError

from bqml_emulator.sql import json_text

AS_THEY_ARE = {*TEXT, *exp.DataType.INTEGER_TYPES, exp.DataType.Type.BOOLEAN, exp.DataType.Type.JSON}


def encode(node: exp.Expression, context) -> exp.Expression:
    """Node rule: DuckDB writes these two itself, but not every value as BigQuery does."""
    if isinstance(node, exp.JSONArray):
        node.set("expressions", [_encoded(value) for value in node.expressions])
    if isinstance(node, exp.JSONObject):
        pairs: dict[str, exp.Expression] = {}
        for pair in node.expressions:
            if isinstance(pair, exp.JSONKeyValue):
                pair.set("expression", _encoded(pair.expression))
                pairs.setdefault(pair.this.sql(), pair)
        if pairs:
            node.set("expressions", list(pairs.values()))
            return exp.cast(exp.func("_bqml_rewritten", exp.cast(node.copy(), "VARCHAR")), "JSON")
    return node


def _encoded(value: exp.Expression) -> exp.Expression:
    is_plain = kind(value) in AS_THEY_ARE or isinstance(value, exp.Null) or value.is_string
    return value if is_plain else json_text.encoded(value)


def _refuse_arrays():
    parsers = BigQueryDialect.Parser.FUNCTION_PARSERS
    known = parsers["JSON_OBJECT"]

    def parse(self):
        try:
            return known(self)
        except ParseError as error:
            raise BigQueryError("invalidQuery", "not emulated: JSON_OBJECT of two arrays") from error

    BigQueryDialect.Parser.FUNCTION_PARSERS = parsers | {"JSON_OBJECT": parse}


def install():
    """Before local-bigquery's rules."""
    NODE_RULES.insert(0, encode)
    _refuse_arrays()
