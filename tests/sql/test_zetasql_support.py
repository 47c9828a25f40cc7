"""The grammar accepts BigQuery's statements and refuses what is none."""

import pytest

from tests.sql.zetasql_support import parse

ACCEPTED = [
    "CREATE MODEL ds.m REMOTE WITH CONNECTION `p.us.c` OPTIONS(ENDPOINT = 'multimodalembedding@001')",
    "CREATE VECTOR INDEX i ON ds.t(v) OPTIONS(index_type = 'IVF', distance_type = 'COSINE')",
    "SELECT base.uri FROM VECTOR_SEARCH(TABLE ds.t, 'v', TABLE ds.q, top_k => 3, distance_type => 'COSINE')",
    "SELECT * FROM ML.GENERATE_EMBEDDING(MODEL ds.m, TABLE ds.t, STRUCT(TRUE AS flatten_json_output))",
    "DECLARE n INT64 DEFAULT 0; WHILE n < 3 DO SET n = n + 1; END WHILE;",
]
REFUSED = ["CREATE OR REPLAC TABLE x", "SELECT FROM WHERE", "CREATE VECTOR INDEX ON t", "SELECT 1 SELECT 2"]


@pytest.mark.parametrize("sql", ACCEPTED)
def test_accepts(sql):
    assert parse(sql) is not None


@pytest.mark.parametrize("sql", REFUSED)
def test_refuses(sql):
    with pytest.raises(Exception, match="Syntax error"):
        parse(sql)
