"""Statements out of a small grammar, and statements of ours with a part missing, doubled or exchanged."""

import re
from pathlib import Path

from hypothesis import strategies as st

# Words that only DuckDB, sqlglot or Python use
ENGINE_WORDS = re.compile(
    r"DuckDB|sqlglot|VARCHAR|BIGINT|\bDOUBLE\b|Binder Error|Catalog Error|Parser Error|explicit type cast|"
    r"macro|NoneType|object has no attribute|LINE \d+:|__variable|temp\.main|_bqml|__vs_",
)
COMMENT = re.compile(r"--.*\n")
RENDERED = Path(__file__).parent.parent.parent / "tests" / "sql" / "rendered"  # what our DAGs send
FILES = [COMMENT.sub("\n", path.read_text()) for path in sorted(RENDERED.rglob("*.sql"))]
SCRIPTS = [
    "DECLARE x INT64 DEFAULT 1; WHILE x < 3 DO SET x = x + 1; END WHILE; SELECT x",
    "BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
    "FOR r IN (SELECT id FROM ds.t) DO SELECT r.id; END FOR",
    "CREATE OR REPLACE PROCEDURE ds.q(a INT64, OUT b STRUCT<x INT64>) BEGIN SET b = (a,); END; CALL ds.p(1)",
    "EXECUTE IMMEDIATE 'SELECT ?, @@row_count' USING 1",
    "BEGIN TRANSACTION; DELETE ds.t WHERE id = 9; ROLLBACK",
    "MERGE ds.t T USING (SELECT 1 AS id) S ON T.id = S.id WHEN MATCHED THEN UPDATE SET title = 'x' "
    "WHEN NOT MATCHED BY SOURCE AND T.id > 9 THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (S.id)",
    "CREATE TEMP TABLE x AS SELECT 1 AS y; SELECT * FROM x",
    "SELECT base.id, distance FROM VECTOR_SEARCH(TABLE ds.t, 'v', (SELECT [1.0, 0.0] AS v), top_k => 2, "
    "options => '{\"use_brute_force\": true}')",
    "SELECT * FROM ML.GENERATE_EMBEDDING(MODEL ds.m, (SELECT 'red' AS content), "
    "STRUCT(128 AS output_dimensionality))",
    "CREATE OR REPLACE MODEL ds.m REMOTE WITH CONNECTION DEFAULT "
    "OPTIONS (ENDPOINT = 'multimodalembedding@001')",
    "CREATE VECTOR INDEX i ON ds.t(v) STORING (id) OPTIONS (index_type = 'IVF', distance_type = 'COSINE')",
    "CREATE EXTERNAL TABLE ds.o WITH CONNECTION DEFAULT "
    "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://b/*'])",
    "SELECT * FROM ds.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 't'",
    "EXPORT DATA OPTIONS (uri = 'gs://b/x-*.csv', format = 'CSV') AS SELECT id FROM ds.t",
    "ALTER TABLE ds.t SET OPTIONS (description = 'x')",
]
TOKEN = re.compile(r"\s+|\w+|'[^']*'|\S")


def _listed(text: str) -> list[str]:
    """What is written between bars."""
    return [part.strip() for part in text.replace("\n", " ").split("|")]


NAMES = _listed("id | title | v | t.id | t.v | x | ds.t.id | `id` | nosuch | base.id | *")
LITERALS = _listed("""
    1 | -2 | 0.5 | 1e400 | NULL | TRUE | 'a' | '' | b'a' | [1, 2] | [] | [0.5, NULL] | STRUCT(1 AS a) |
    (1, 2) |
    DATE '2024-01-01' | TIMESTAMP '2024-01-01 00:00:00+00' | JSON '{"a": 1}' | INTERVAL 1 DAY | @p | ? |
    @@row_count |
    9223372036854775807 | NUMERIC '1.5' | DATE '2024-99-01' | r'\\(' | CAST('nan' AS FLOAT64)
""")
FUNCTIONS = """
    ARRAY_LENGTH COSINE_DISTANCE EUCLIDEAN_DISTANCE ML.DISTANCE SUM AVG COUNT MAX ARRAY_AGG STRING_AGG
    ANY_VALUE
    APPROX_TOP_COUNT FORMAT REGEXP_EXTRACT REGEXP_CONTAINS TO_HEX MD5 FARM_FINGERPRINT PARSE_DATE JSON_VALUE
    PARSE_JSON TO_JSON_STRING SAFE.SUBSTR SAFE_DIVIDE SPLIT GENERATE_ARRAY ARRAY_CONCAT LENGTH CONCAT IF
    COALESCE
    TIMESTAMP_DIFF DATE_TRUNC EXTRACT CAST MOD DIV ROUND LOG SQRT GREATEST STARTS_WITH ds.f NOSUCH
    ARRAY_REVERSE
    ARRAY_TO_STRING SUBSTR REPEAT LPAD ROW_NUMBER STRUCT NULLIF RANGE_BUCKET UNIX_SECONDS ST_GEOGPOINT
    AI.GENERATE
""".split()
OPERATORS = "+ - * / = < <> AND OR || LIKE IN IS BETWEEN >>".split()
SOURCES = _listed("""
    ds.t | ds.t AS t | `ds.t` | ds.view | UNNEST([1, 2]) AS x | UNNEST([1]) AS x WITH OFFSET | ds.nosuch |
    ds.t, UNNEST(v) AS x | ds.t JOIN ds.view USING (id) | ds.INFORMATION_SCHEMA.TABLES |
    `region-us`.INFORMATION_SCHEMA.JOBS
""")
CLAUSES = _listed("""
    | WHERE {e} | GROUP BY {e} | ORDER BY {e} | LIMIT {e} | QUALIFY {e} > 1 | HAVING {e} | GROUP BY
    ROLLUP(id) |
    WINDOW w AS (ORDER BY {e}) | TABLESAMPLE SYSTEM ({e} PERCENT) | FOR SYSTEM_TIME AS OF {e}
""")
STATEMENTS = _listed("""
    {q} | {q} | {q} | WITH c AS ({q}) SELECT * FROM c | SELECT ARRAY({q}) | SELECT EXISTS({q}) | INSERT
    ds.t (id) {q} |
    UPDATE ds.t SET title = {e} WHERE {e} | DELETE ds.t WHERE {e} | ({q}) UNION ALL ({q}) | SELECT {e},
    {e} AS x |
    CREATE OR REPLACE TABLE ds.made AS {q} | CREATE OR REPLACE VIEW ds.made_view AS {q} | SET @@dataset_id
    = {e} |
    DECLARE x INT64 DEFAULT {e}; SELECT x | IF {e} THEN {q}; END IF | ASSERT {e} | EXECUTE IMMEDIATE {e} |
    CALL ds.p({e}) | CREATE TEMP FUNCTION g(x INT64) AS ({e}); SELECT g(1) | RAISE USING MESSAGE = {e} |
    SELECT * FROM VECTOR_SEARCH(TABLE ds.t, {e}, ({q}), top_k => {e}) | ALTER TABLE ds.made ADD COLUMN y
    STRING |
    SELECT * FROM ({q}) PIVOT(COUNT({e}) FOR title IN ({e}))
""")
REPLACEMENTS = [";", "(", ")", "'", '"', "`", "@", "--", "/*", "\\", "NULL", "é", "\x00", "1e99", "SELECT"]


def expressions():
    """Expressions nested a few times."""
    leaf = st.sampled_from(NAMES + LITERALS)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(
                lambda f, a: f"{f}({', '.join(a)})", st.sampled_from(FUNCTIONS), st.lists(inner, max_size=3)
            ),
            st.builds(lambda a, o, b: f"({a} {o} {b})", inner, st.sampled_from(OPERATORS), inner),
            st.builds(lambda a: f"(SELECT {a} FROM ds.t LIMIT 1)", inner),
            st.builds(lambda a, b: f"{a}[OFFSET({b})]", inner, inner),
            st.builds(lambda a: f"CAST({a} AS INT64)", inner),
            st.builds(lambda a: f"CASE WHEN {a} THEN 1 END", inner),
            st.builds(lambda a: f"SUM({a}) OVER (PARTITION BY id)", inner),
        ),
        max_leaves=4,
    )


@st.composite
def _query(draw):
    clauses = "".join(" " + draw(st.sampled_from(CLAUSES)) for _ in range(draw(st.integers(0, 2))))
    items = ", ".join(draw(st.lists(expressions(), min_size=1, max_size=2)))
    return f"SELECT {items} FROM {draw(st.sampled_from(SOURCES))}" + clauses.replace(
        "{e}", draw(expressions())
    )


@st.composite
def grammar(draw):
    """A statement that looks like one of BigQuery's."""
    statement = draw(st.sampled_from(STATEMENTS))
    while "{q}" in statement:
        statement = statement.replace("{q}", draw(_query()), 1)
    while "{e}" in statement:
        statement = statement.replace("{e}", draw(expressions()), 1)
    return statement


@st.composite
def mutations(draw):
    """A statement of ours with tokens dropped, doubled, moved or replaced."""
    tokens = TOKEN.findall(draw(st.sampled_from(FILES + SCRIPTS * 2)))
    for _ in range(draw(st.integers(1, 4))):
        at, other = draw(st.integers(0, len(tokens) - 1)), draw(st.integers(0, len(tokens) - 1))
        match draw(st.integers(0, 4)):
            case 0:
                tokens[at] = ""
            case 1:
                tokens[at] += tokens[at]
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                tokens[at] = draw(
                    st.sampled_from(
                        [
                            ";",
                            "(",
                            ")",
                            "'",
                            '"',
                            "`",
                            "@",
                            "--",
                            "/*",
                            "\\",
                            "NULL",
                            "é",
                            "\x00",
                            "1e99",
                            "SELECT",
                        ]
                    )
                )
            case 4:
                tokens = tokens[: at + 1]
    return "".join(tokens)
