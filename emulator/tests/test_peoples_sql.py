"""SQL that people write around embeddings: each statement answers rightly or is refused in words.

The expected rows follow BigQuery's function reference
(https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/functions-all, 2026-08-22).
"""

import datetime

import pytest
import requests
from google.api_core.exceptions import GoogleAPICallError
from pictures import setup, unlike

SETUP = """
CREATE TABLE {ds}.docs AS SELECT * FROM UNNEST([
  STRUCT(1 AS id, 'a red apple' AS title, 'fruit' AS kind, [1.0, 0.0] AS v, DATE '2024-01-01' AS day),
  (2, 'a green pear', 'fruit', [0.6, 0.8], DATE '2024-01-02'),
  (3, 'a blue car', 'car', [0.0, 1.0], DATE '2024-02-01'),
  (4, NULL, 'car', [-1.0, 0.0], NULL)]);
CREATE TABLE {ds}.events (
  id INT64, moment TIMESTAMP, tags ARRAY<STRING>, info STRUCT<a INT64, b STRING>, js JSON)
PARTITION BY DATE(moment) CLUSTER BY id;
INSERT {ds}.events VALUES
  (1, TIMESTAMP '2024-01-01 10:00:00+00', ['x', 'y'], STRUCT(1, 'one'),
   JSON '{{"a": {{"b": [1, 2]}}, "s": "t"}}'),
  (2, TIMESTAMP '2024-01-02 11:30:00+00', [], STRUCT(2, 'two'), NULL);
CREATE OR REPLACE FUNCTION {ds}.cosine(a ARRAY<FLOAT64>, b ARRAY<FLOAT64>) AS ((
  SELECT SUM(x * y) / SQRT(SUM(x * x)) / SQRT(SUM(y * y))
  FROM UNNEST(a) x WITH OFFSET i JOIN UNNEST(b) y WITH OFFSET j ON i = j));
CREATE TABLE FUNCTION {ds}.of_kind(k STRING) AS (SELECT id, title FROM {ds}.docs WHERE kind = k);
CREATE TABLE {ds}.vectors AS SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model, TABLE {ds}.images);
"""
ANSWERS = {
    # arrays of numbers
    "SELECT v[OFFSET(0)], v[SAFE_OFFSET(9)], v[ORDINAL(1)], v[0] FROM {ds}.docs WHERE id = 1": [
        (1.0, None, 1.0, 1.0)
    ],
    "SELECT id, o, x FROM {ds}.docs, UNNEST(v) AS x WITH OFFSET o WHERE id < 3 ORDER BY id, o": [
        (1, 0, 1.0),
        (1, 1, 0.0),
        (2, 0, 0.6),
        (2, 1, 0.8),
    ],
    "SELECT x FROM {ds}.docs d CROSS JOIN UNNEST(d.v) x WITH OFFSET WHERE id = 2 ORDER BY offset": [
        (0.6,),
        (0.8,),
    ],
    "SELECT ARRAY(SELECT AVG(x) FROM {ds}.docs, UNNEST(v) x WITH OFFSET o GROUP BY o ORDER BY o)[1]": [
        (0.45,)
    ],
    "SELECT kind, ARRAY_AGG(a ORDER BY o) FROM (SELECT kind, o, AVG(x) AS a FROM {ds}.docs, UNNEST(v) x WITH "
    "OFFSET o GROUP BY kind, o) GROUP BY kind ORDER BY kind": [("car", [-0.5, 0.5]), ("fruit", [0.8, 0.4])],
    "SELECT COUNT(*) FROM (SELECT DISTINCT v FROM {ds}.docs)": [(4,)],
    "SELECT MAX(n) FROM (SELECT v, COUNT(*) AS n FROM {ds}.docs GROUP BY v)": [(1,)],
    "SELECT SQRT((SELECT SUM(x * x) FROM UNNEST(v) x)) FROM {ds}.docs WHERE id = 4": [(1.0,)],
    "SELECT ARRAY(SELECT x / 2 FROM UNNEST(v) x WITH OFFSET o ORDER BY o) FROM {ds}.docs WHERE id = 1": [
        ([0.5, 0.0],)
    ],
    "SELECT ARRAY_CONCAT_AGG(v ORDER BY id) FROM {ds}.docs WHERE id < 3": [([1.0, 0.0, 0.6, 0.8],)],
    "SELECT GENERATE_ARRAY(5, 1, -2), ARRAY_REVERSE([1, 2]), ARRAY_CONCAT([1], [2]), ARRAY_LENGTH([])": [
        ([5, 3, 1], [2, 1], [1, 2], 0)
    ],
    # distances
    "SELECT COSINE_DISTANCE([1.0, 0.0], [0.0, 1.0]), EUCLIDEAN_DISTANCE([0, 0], [3, 4])": [(1.0, 5.0)],
    "SELECT SAFE.COSINE_DISTANCE([0.0, 0.0], [0.0, 1.0]), COSINE_DISTANCE(NULL, [1.0])": [(None, None)],
    "SELECT ML.DISTANCE([3.0, 4.0], [0.0, 0.0]), ML.DISTANCE([3.0, 4.0], [0.0, 0.0], 'MANHATTAN')": [
        (5.0, 7.0)
    ],
    "SELECT a.id, b.id, ROUND(ML.DISTANCE(a.v, b.v, 'COSINE'), 3) AS d FROM {ds}.docs a JOIN {ds}.docs b "
    "ON a.id < b.id "
    "ORDER BY d, 1, 2 LIMIT 2": [(2, 3, 0.2), (1, 2, 0.4)],
    "SELECT ML.LP_NORM([-4.0, 3.0], 1.0), ML.LP_NORM([-4.0, 3.0], 2.0), ML.LP_NORM([0.0, 3.0], 0.0)": [
        (7.0, 5.0, 1.0)
    ],
    "SELECT id FROM {ds}.docs ORDER BY {ds}.cosine(v, [0.6, 0.8]) DESC, id LIMIT 2": [(2,), (3,)],
    "CREATE TEMP FUNCTION dot(a ARRAY<FLOAT64>, b ARRAY<FLOAT64>) RETURNS FLOAT64 LANGUAGE js AS "
    "'return a.map((x, i) => x * b[i]).reduce((s, x) => s + x, 0);'; SELECT dot([1.0, 2.0], [3.0, "
    "4.0])": [(11.0,)],
    "SELECT base.id, ROUND(distance, 3) FROM VECTOR_SEARCH((SELECT * FROM {ds}.docs WHERE kind = "
    "'fruit'), 'v', "
    "(SELECT [0.6, 0.8] AS v), top_k => 2, distance_type => 'COSINE') ORDER BY "
    "distance": [(2, 0.0), (1, 0.4)],
    "SELECT COUNT(*), COUNT(DISTINCT ARRAY_LENGTH(ml_generate_embedding_result)), MIN(ARRAY_LENGTH("
    "ml_generate_embedding_result)) FROM {ds}.vectors WHERE ml_generate_embedding_status = "
    "''": [(4, 1, 1408)],
    # queries
    "SELECT * FROM (SELECT kind, id FROM {ds}.docs) PIVOT(COUNT(id) AS n, MAX(id) AS m FOR kind IN "
    "('fruit' AS f, 'car'))": [(2, 2, 2, 4)],
    "SELECT * FROM (SELECT 1 AS id, 10 AS a, 20 AS b) UNPIVOT(value FOR name IN (a, b)) ORDER BY name": [
        (1, 10, "a"),
        (1, 20, "b"),
    ],
    "SELECT kind, id FROM {ds}.docs QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY id DESC) = 1 "
    "ORDER BY 1": [
        ("car", 4),
        ("fruit", 2),
    ],
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT SUM(i) FROM n": [
        (15,)
    ],
    "SELECT COUNT(*) FROM {ds}.docs TABLESAMPLE SYSTEM (100 PERCENT)": [(4,)],
    "SELECT * EXCEPT (v, day) REPLACE (UPPER(title) AS title) FROM {ds}.docs WHERE id = 1": [
        (1, "A RED APPLE", "fruit")
    ],
    "SELECT kind, SUM(id) FROM {ds}.docs GROUP BY ROLLUP(kind) ORDER BY kind": [
        (None, 10),
        ("car", 7),
        ("fruit", 3),
    ],
    "SELECT id, LAG(id) OVER w, SUM(id) OVER (ORDER BY id) FROM {ds}.docs WINDOW w AS (ORDER BY id) "
    "ORDER BY id LIMIT 2": [
        (1, None, 1),
        (2, 1, 3),
    ],
    "FROM {ds}.docs |> AGGREGATE COUNT(*) AS n GROUP BY kind |> ORDER BY kind": [("car", 2), ("fruit", 2)],
    "SELECT * FROM {ds}.of_kind('fruit') ORDER BY id": [(1, "a red apple"), (2, "a green pear")],
    "SELECT id FROM {ds}.docs WHERE id NOT IN (SELECT id FROM {ds}.events) ORDER BY id": [(3,), (4,)],
    "SELECT d.id FROM {ds}.docs d LEFT JOIN {ds}.events e USING (id) WHERE e.id IS NULL ORDER BY 1": [
        (3,),
        (4,),
    ],
    # structs and JSON
    "SELECT info.*, info.b AS again FROM {ds}.events ORDER BY id": [(1, "one", "one"), (2, "two", "two")],
    "SELECT t.info.a, ARRAY_LENGTH(tags), 'x' IN UNNEST(tags), ARRAY_TO_STRING(tags, '+') FROM "
    "{ds}.events t ORDER BY id": [
        (1, 2, True, "x+y"),
        (2, 0, False, ""),
    ],
    "SELECT JSON_VALUE(js, '$.s'), INT64(js.a.b[1]), JSON_VALUE(js.s) FROM {ds}.events WHERE id = 1": [
        ("t", 2, "t")
    ],
    'SELECT TO_JSON_STRING(STRUCT(1 AS a, [1, 2] AS b)), JSON_VALUE_ARRAY(\'["a", "b"]\')': [
        ('{{"a":1,"b":[1,2]}}', ["a", "b"])
    ],
    # aggregates
    "SELECT APPROX_TOP_COUNT(kind, 1)[OFFSET(0)].count, APPROX_COUNT_DISTINCT(kind) FROM {ds}.docs": [(2, 2)],
    "SELECT STRING_AGG(DISTINCT kind, ',' ORDER BY kind), COUNTIF(title IS NULL), MAX_BY(title, id), "
    "ANY_VALUE(kind HAVING MAX id) FROM {ds}.docs": [("car,fruit", 1, "a blue car", "car")],
    # text, hashes, dates
    "SELECT REGEXP_EXTRACT(uri, r'/([^/]+)\\.png$'), SPLIT(uri, '/')[SAFE_OFFSET(3)], "
    "REGEXP_REPLACE(uri, r'^gs://[^/]+/', '') "
    "FROM {ds}.images ORDER BY uri LIMIT 1": [("0", "art", "art/0.png")],
    "SELECT TO_HEX(MD5('a')), FARM_FINGERPRINT('a'), MOD(ABS(FARM_FINGERPRINT('gs://x')), 10)": [
        ("0cc175b9c0f1b6a831c399e269772661", -5528939962900187677, 5)
    ],
    "SELECT PARSE_DATE('%Y%m%d', '20240131'), FORMAT_DATE('%A %d %b', DATE '2024-01-31'), "
    "SAFE.PARSE_DATE('%Y', 'x')": [(datetime.date(2024, 1, 31), "Wednesday 31 Jan", None)],
    "SELECT SAFE_DIVIDE(1, 0), SAFE_CAST('x' AS INT64), IFNULL(NULL, 2), NULLIF(1, 1), LEAST(1, NULL)": [
        (None, None, 2, None, None)
    ],
    "SELECT id FROM {ds}.docs WHERE title LIKE ANY ('%red%', '%blue%') ORDER BY id": [(1,), (3,)],
    "SELECT id FROM {ds}.docs WHERE REGEXP_CONTAINS(title, r'(?i)RED') OR STARTS_WITH(title, 'a blue') "
    "ORDER BY id": [
        (1,),
        (3,),
    ],
    "SELECT FORMAT('%05d|%s|%.3f|%10s|%-5s|', 42, 'x', 3.14159, 'r', 'l'), FORMAT('%s %d', 'x', NULL)": [
        ("00042|x|3.142|         r|l    |", None)
    ],
    "SELECT FORMAT('%T', \"it's\"), FORMAT('%t', 'a'), FORMAT('%T', ['a', NULL]), FORMAT('%T', NULL)": [
        ('"it\'s"', "a", '["a", NULL]', "NULL")
    ],
    "SELECT FORMAT('%T', STRUCT(1 AS a, 'b' AS b)), FORMAT('%T', STRUCT(1 AS a)), FORMAT('%t', [STRUCT(1 "
    "AS a, 'x' AS b)])": [('(1, "b")', "STRUCT(1)", "[(1, x)]")],
    "SELECT FORMAT('%T', day), FORMAT('%t', v), FORMAT('%T', TIMESTAMP '2024-01-02 03:04:05+00'), "
    "FORMAT('%T', 1.0) "
    "FROM {ds}.docs WHERE id = 2": [
        ('DATE "2024-01-02"', "[0.6, 0.8]", 'TIMESTAMP "2024-01-02 03:04:05+00"', "1.0")
    ],
    "SELECT FORMAT('%p', JSON '[1]'), FORMAT('%-6t|', 'l'), FORMAT('%T', b'ab')": [
        ("[1]", "l     |", 'b"ab"')
    ],
    # information schema
    "SELECT table_name, table_type FROM {ds}.INFORMATION_SCHEMA.TABLES WHERE table_name IN ('docs', "
    "'images') ORDER BY 1": [
        ("docs", "BASE TABLE"),
        ("images", "EXTERNAL"),
    ],
    "SELECT column_name, data_type, is_partitioning_column FROM {ds}.INFORMATION_SCHEMA.COLUMNS "
    "WHERE table_name = 'events' AND column_name IN ('moment', 'info') ORDER BY 1": [
        ("info", "STRUCT<a INT64, b STRING>", "NO"),
        ("moment", "TIMESTAMP", "YES"),
    ],
    "SELECT partition_id, total_rows FROM {ds}.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = 'events' "
    "ORDER BY 1": [
        ("20240101", 1),
        ("20240102", 1),
    ],
    "SELECT routine_name, routine_type FROM {ds}.INFORMATION_SCHEMA.ROUTINES ORDER BY 1": [
        ("cosine", "FUNCTION"),
        ("of_kind", "TABLE FUNCTION"),
    ],
    "SELECT total_rows, total_logical_bytes > 0 FROM `region-us`.INFORMATION_SCHEMA.TABLE_STORAGE "
    "WHERE table_schema = '{ds}' AND table_name = 'docs'": [(4, True)],
    "SELECT COUNT(*) > 0 FROM `region-us`.INFORMATION_SCHEMA.JOBS WHERE statement_type = 'CREATE_MODEL'": [
        (True,)
    ],
    # definitions
    "CREATE OR REPLACE TABLE {ds}.cloned CLONE {ds}.docs; SELECT COUNT(*) FROM {ds}.cloned": [(4,)],
    "CREATE OR REPLACE VIEW {ds}.cars AS SELECT id FROM {ds}.docs WHERE kind = 'car'; SELECT SUM(id) "
    "FROM {ds}.cars": [(7,)],
    "CREATE OR REPLACE TABLE {ds}.m AS SELECT id, title FROM {ds}.docs; MERGE {ds}.m T USING (SELECT 1 "
    "AS id, 'new' AS "
    "title UNION ALL SELECT 9, 'nine') S ON T.id = S.id WHEN MATCHED AND S.title != T.title THEN UPDATE "
    "SET title = S.title "
    "WHEN NOT MATCHED BY TARGET THEN INSERT ROW WHEN NOT MATCHED BY SOURCE AND T.id > 3 THEN DELETE; "
    "SELECT STRING_AGG(FORMAT('%d:%s', id, title) ORDER BY id) FROM {ds}.m": [
        ("1:new,2:a green pear,3:a blue car,9:nine",)
    ],
}
REFUSALS = {
    "SELECT COSINE_DISTANCE([0.0, 0.0], [0.0, 1.0])": "Cannot compute cosine distance against zero vector",
    "SELECT COSINE_DISTANCE([1.0], [1.0, 2.0])": "Array length mismatch: 1 and 2.",
    "SELECT EUCLIDEAN_DISTANCE([1.0, NULL], [1.0, 2.0])": "NULL array element",
    "SELECT COSINE_DISTANCE([(1, 1.0)], [(2, 1.0)])": "not emulated: distances of sparse vectors",
    "SELECT ML.DISTANCE([1.0], [1.0], 'HAMMING')": "must be one of",
    "SELECT ML.NORMALIZER([1.0])": "not emulated: ML.NORMALIZER",
    "SELECT * FROM ML.PREDICT(MODEL {ds}.model, TABLE {ds}.docs)": "not emulated: ML.PREDICT",
    "SELECT AI.GENERATE('x')": "not emulated",
    "SELECT ST_GEOGPOINT(1, 2)": "not emulated",
    "SELECT v = v FROM {ds}.docs": "Equality is not defined for arguments of type ARRAY",
    "SELECT title FROM {ds}.docs GROUP BY kind": "neither grouped nor aggregated",
    "SELECT id FROM {ds}.docs a JOIN {ds}.docs b ON a.id = b.id": "Column name id is ambiguous",
    "SELECT q.id FROM {ds}.docs": "Unrecognized name: q",
    "SELECT docs.nosuch FROM {ds}.docs": "Name nosuch not found inside docs",
    "SELECT info.zzz FROM {ds}.events": "Field name zzz does not exist",
    "SELECT id FROM {ds}.docs WHERE SUM(id) > 1": "Aggregate function SUM not allowed in WHERE clause",
    "SELECT 1 UNION ALL SELECT 1, 2": "mismatched column count",
    "SELECT CAST('x' AS INT64)": "Bad int64 value: x",
    "INSERT {ds}.docs (id, title) VALUES (1)": "Inserted row has wrong column count",
    "SELECT ddl FROM {ds}.INFORMATION_SCHEMA.TABLES": "not emulated",
    "SELECT * FROM "
    "`region-us`.INFORMATION_SCHEMA.RESERVATIONS": "not emulated: INFORMATION_SCHEMA.RESERVATIONS",
    "SELECT * FROM `region-eu`.INFORMATION_SCHEMA.JOBS": "not emulated: region-eu",
    "LOAD DATA INTO {ds}.l FROM FILES (format = 'JSON', uris = ['gs://x/y'])": "not emulated: LOAD DATA",
    "CREATE EXTERNAL TABLE {ds}.e OPTIONS (format = 'CSV', uris = "
    "['gs://x/y'])": "not emulated: external tables over files",
    "CREATE FUNCTION {ds}.r(x INT64) RETURNS INT64 REMOTE WITH CONNECTION `us.c` OPTIONS (endpoint = "
    "'https://x')": ("not emulated: remote functions"),
    "CREATE FUNCTION {ds}.py(x INT64) RETURNS INT64 LANGUAGE python OPTIONS (entry_point = 'f') AS 'x'": (
        "not emulated: functions in LANGUAGE python"
    ),
    "CREATE TABLE FUNCTION {ds}.near(q ARRAY<FLOAT64>) AS (SELECT base.id FROM VECTOR_SEARCH(TABLE "
    "{ds}.docs, 'v', "
    "(SELECT q AS q), top_k => 2))": "not emulated: VECTOR_SEARCH in a function",
    "EXPORT DATA OPTIONS (uri = 'gs://peoples/o/*.avro', format = 'AVRO') AS SELECT 1 AS "
    "x": "not emulated: format avro",
    "CREATE ASSIGNMENT `x.y`": "not emulated",
}


@pytest.fixture(scope="module")
def ds(emulator, bigquery):
    """The dataset that all statements read."""
    before = emulator.faults()
    emulator.faults(hash_model=True)
    setup(emulator, "peoples", "peoples", {f"art/{number}.png": unlike(number) for number in range(4)})
    bigquery.query_and_wait(SETUP.format(ds="peoples"))
    yield "peoples"
    emulator.faults(**before)


@pytest.mark.parametrize("statement", ANSWERS)
def test_a_statement_answers_rightly(bigquery, ds, statement):
    found = [tuple(row.values()) for row in bigquery.query_and_wait(statement.replace("{ds}", ds))]
    assert found == [
        tuple(
            value.replace("{{", "{").replace("}}", "}") if isinstance(value, str) else value for value in row
        )
        for row in ANSWERS[statement]
    ]


@pytest.mark.parametrize("statement", REFUSALS)
def test_a_statement_is_refused_in_words(bigquery, ds, statement):
    with pytest.raises(GoogleAPICallError) as refusal:
        bigquery.query_and_wait(statement.replace("{ds}", ds))
    assert refusal.value.code in (400, 501)
    assert REFUSALS[statement] in refusal.value.message


def test_names_of_a_parameter_list_reach_in_unnest(bigquery, ds):
    """`IN UNNEST(@uris)` with a parameter, as clients write it."""
    from google.cloud.bigquery import ArrayQueryParameter, QueryJobConfig

    uris = ArrayQueryParameter("uris", "STRING", ["gs://peoples/art/0.png", "gs://peoples/art/2.png"])
    [row] = bigquery.query_and_wait(
        f"SELECT COUNT(*) AS n FROM {ds}.images WHERE uri IN UNNEST(@uris)",
        job_config=QueryJobConfig(query_parameters=[uris]),
    )
    assert row.n == 2


def test_a_copy_has_no_query_results(bigquery, ds):
    job = bigquery.copy_table(f"{ds}.docs", f"{ds}.docs_copied")
    job.result()
    url = f"{bigquery._connection.API_BASE_URL}/bigquery/v2/projects/demo-project/queries/{job.job_id}"
    assert requests.get(url, timeout=20).status_code == 400


@pytest.mark.parametrize("reference", [None, {}, {"projectId": "demo-project", "datasetId": "ds"}])
def test_a_routine_without_a_name_is_refused(emulator, ds, reference):
    url = f"{emulator.url}/bigquery/v2/projects/demo-project/datasets/{ds}/routines"
    body = {"routineReference": reference, "routineType": "SCALAR_FUNCTION", "definitionBody": "1"}
    answer = requests.post(url, json=body, timeout=20)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Required parameter is missing: routineId"
