"""Distances between two vectors: COSINE_DISTANCE, EUCLIDEAN_DISTANCE, ML.DISTANCE and ML.LP_NORM.

Sources: BQ mathematical functions and BQ ML.DISTANCE, ML.LP_NORM (2026-08-22); texts of google/zetasql's
distance functions. Vectors are dense; those written as lists of (dimension, value) are not emulated.
"""

import duckdb
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import macro
from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files
from bqml_emulator.vector import search

SAME_LENGTH = f"CASE WHEN len(a) <> len(b) THEN _raise(format('{limits.LENGTH_MISMATCH}', len(a), len(b))) "
MACROS = {
    "_bqml_cosine(a, b)": SAME_LENGTH
    + "WHEN list_inner_product(a, a) = 0 OR list_inner_product(b, b) = 0 "
    + f"THEN _raise('{limits.ZERO_VECTOR}.') ELSE list_cosine_distance(a, b) END",
    "_bqml_euclidean(a, b)": SAME_LENGTH + "ELSE list_distance(a, b) END",
    "_bqml_manhattan(a, b)": SAME_LENGTH
    + "ELSE list_sum(list_transform(list_zip(a, b), lambda pair: abs(pair[1] - pair[2]))) END",
    "_bqml_norm(a, degree)": "CASE WHEN degree = 0 THEN len(list_filter(a, lambda x: x <> 0))::DOUBLE "
    + "WHEN isinf(degree) THEN list_max(list_transform(a, lambda x: abs(x)))::DOUBLE "
    + "ELSE list_sum(list_transform(a, lambda x: abs(x) ** degree)) ** (1 / degree) END",
}
ML_DISTANCES = {"EUCLIDEAN": "_bqml_euclidean", "COSINE": "_bqml_cosine", "MANHATTAN": "_bqml_manhattan"}


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions when the database is opened."""
    for head, body in MACROS.items():
        con.execute(f"CREATE MACRO bq.main.{head} AS {body}")


def _vector(node: exp.Expression) -> exp.Expression:
    return exp.cast(node.copy(), exp.DataType.build("ARRAY<FLOAT64>", dialect="bigquery"))


def call(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: BigQuery's functions in the place of DuckDB's, which know no error."""
    for node in list(tree.find_all(exp.CosineDistance, exp.EuclideanDistance)):
        name = "_bqml_cosine" if isinstance(node, exp.CosineDistance) else "_bqml_euclidean"
        node.replace(macro(name, _vector(node.this), _vector(node.expression)))
    for node in list(tree.find_all(exp.Dot)):
        function = node.expression
        if node.this.name.upper() == "ML" and isinstance(function, exp.Anonymous):
            node.replace(_ml(function.name.upper(), function.expressions))
    return tree


def _ml(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    if name == "DISTANCE" and len(arguments) in (2, 3):
        kind = arguments[2] if len(arguments) == 3 else exp.Literal.string("EUCLIDEAN")
        distance = ML_DISTANCES.get(kind.name.upper()) if isinstance(kind, exp.Literal) else None
        if distance is None:
            found = kind.sql("bigquery")
            message = (
                f"The type of ML.DISTANCE must be one of the literals {', '.join(ML_DISTANCES)}, not {found}"
            )
            raise BigQueryError("invalidQuery", message)  # ours
        return macro(distance, _vector(arguments[0]), _vector(arguments[1]))
    if name == "LP_NORM" and len(arguments) == 2:
        return macro("_bqml_norm", _vector(arguments[0]), arguments[1].copy())
    raise BigQueryError("notImplemented", f"not emulated: ML.{name} with these arguments")


def install():
    """Call them instead of DuckDB's."""
    statement_rules.add(call, before=[search.rewrite])  # whose own distances are checked there
    database_files.on_connect.append(register)
