"""COSINE_DISTANCE and EUCLIDEAN_DISTANCE: where DuckDB answers NaN, or in its own words, BigQuery refuses.

Texts: google/zetasql, distance functions and their tests (2026-08-22).
"""

import duckdb
from local_bigquery.sql.rules import STATEMENT_RULES
from sqlglot import exp

from bqml_emulator import database_files, limits

FUNCTIONS = {
    exp.CosineDistance: "bq.main._cosine_distance",
    exp.EuclideanDistance: "bq.main._euclidean_distance",
}
MISMATCH = "CASE WHEN len(a) <> len(b) THEN error(format('{mismatch}', len(a), len(b)))"
MACROS = f"""
CREATE MACRO bq.main._cosine_distance(a, b) AS {MISMATCH}
WHEN isnan(list_cosine_distance(a, b)) AND 0 IN (list_dot_product(a, a), list_dot_product(b, b))
THEN error('{{zero}}') ELSE list_cosine_distance(a, b) END;
CREATE MACRO bq.main._euclidean_distance(a, b) AS {MISMATCH} ELSE list_distance(a, b) END
"""


def install():
    """Put the two functions in the place of DuckDB's."""
    database_files.on_connect.append(register)
    STATEMENT_RULES.insert(0, replace)


def register(con: duckdb.DuckDBPyConnection):
    """Create the functions."""
    con.execute(MACROS.format(mismatch=limits.LENGTH_MISMATCH, zero=limits.ZERO_VECTOR))


def replace(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: call them wherever a distance is asked for."""
    for node in list(tree.find_all(*FUNCTIONS)):
        call = exp.Anonymous(this=FUNCTIONS[type(node)])
        node.replace(call)
        call.set("expressions", [node.this, node.expression])
    return tree
