"""Scripts and stored procedures as people write them around embeddings.

Rules and texts: BigQuery's procedural language reference (2026-08-22) and google/zetasql's scripting folder.
The procedures do what bqutil's bqml_generate_embeddings and bigquery-ml-utils' loop over images do.
"""

import pytest
from google.api_core.exceptions import GoogleAPICallError
from pictures import setup, unlike

EMBED_NEW = """
CREATE PROCEDURE {ds}.embed_new(
  source STRING, target STRING, model STRING, content STRING, keys ARRAY<STRING>, options_json STRING,
  OUT embedded INT64)
BEGIN
  DECLARE batch_size INT64 DEFAULT 100;
  DECLARE seconds INT64 DEFAULT 3600;
  DECLARE options JSON;
  DECLARE columns STRING DEFAULT
    ARRAY_TO_STRING(ARRAY(SELECT FORMAT('`%s`', k) FROM UNNEST(keys) AS k), ', ');
  DECLARE same_key STRING DEFAULT (
    SELECT STRING_AGG(FORMAT('S.`%s` = T.`%s`', k, k), ' AND ') FROM UNNEST(keys) AS k);
  DECLARE accepted STRING DEFAULT
    "ml_generate_embedding_status NOT LIKE 'A retryable error occurred:%'";
  DECLARE inserted INT64;
  BEGIN
    SET options = PARSE_JSON(options_json);
  EXCEPTION WHEN ERROR THEN
    RAISE USING MESSAGE = CONCAT('Options are no JSON: ', @@error.message);
  END;
  IF JSON_VALUE(options, '$.batch_size') IS NOT NULL THEN
    SET batch_size = SAFE_CAST(JSON_VALUE(options, '$.batch_size') AS INT64);
    IF batch_size IS NULL THEN
      RAISE USING MESSAGE = 'batch_size must be an integer';
    END IF;
  END IF;
  SET embedded = 0;
  EXECUTE IMMEDIATE FORMAT('''
    CREATE TABLE IF NOT EXISTS `%s` AS SELECT * FROM ML.GENERATE_EMBEDDING(
      MODEL `%s`, (SELECT %s, %s AS content FROM `%s` LIMIT 1), STRUCT(TRUE AS flatten_json_output))
    WHERE %s''', target, model, columns, content, source, accepted);
  REPEAT
    DROP TABLE IF EXISTS _SESSION.embedding_batch;
    EXECUTE IMMEDIATE FORMAT('''
      CREATE TEMP TABLE _SESSION.embedding_batch AS SELECT %s, %s AS content FROM `%s` AS S
      WHERE NOT EXISTS (SELECT * FROM `%s` AS T WHERE %s) LIMIT %d''',
      columns, content, source, target, same_key, batch_size);
    EXECUTE IMMEDIATE FORMAT('''
      INSERT `%s` SELECT * FROM ML.GENERATE_EMBEDDING(
        MODEL `%s`, TABLE _SESSION.embedding_batch, STRUCT(TRUE AS flatten_json_output)) WHERE %s''',
      target, model, accepted);
    SET inserted = @@row_count;
    SET embedded = embedded + inserted;
  UNTIL inserted = 0 OR TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), @@script.creation_time, SECOND) >= seconds
  END REPEAT;
END
"""
CALL_EMBED_NEW = (
    "DECLARE n INT64; "
    "CALL {ds}.embed_new('{ds}.numbers', '{ds}.embedded', '{ds}.model', 'word', ['id'], '%s', n); "
    "SELECT n, COUNT(*), COUNT(DISTINCT id), COUNTIF(ml_generate_embedding_status = '') FROM {ds}.embedded"
)
OBJECT_LOOP = """
DECLARE candidates ARRAY<STRING>;
DECLARE done INT64 DEFAULT 0;
CREATE TABLE {ds}.target AS SELECT * FROM ML.GENERATE_EMBEDDING(
  MODEL {ds}.model, (SELECT * FROM {ds}.images LIMIT 1), STRUCT(TRUE AS flatten_json_output));
LOOP
  SET candidates = ARRAY(
    SELECT uri FROM {ds}.images
    WHERE uri NOT IN (SELECT uri FROM {ds}.target) OR updated > (SELECT MAX(updated) FROM {ds}.target)
    ORDER BY uri LIMIT 2);
  IF ARRAY_LENGTH(candidates) = 0 THEN
    LEAVE;
  END IF;
  MERGE {ds}.target T
  USING (
    SELECT * FROM ML.GENERATE_EMBEDDING(
      MODEL {ds}.model, (SELECT * FROM {ds}.images WHERE uri IN UNNEST(candidates)),
      STRUCT(TRUE AS flatten_json_output))
    WHERE ml_generate_embedding_status NOT LIKE 'A retryable error occurred:%') S
  ON S.uri = T.uri
  WHEN NOT MATCHED THEN INSERT ROW
  WHEN MATCHED THEN UPDATE SET updated = S.updated;
  SET done = done + @@row_count;
END LOOP;
SELECT done, COUNT(*), COUNT(DISTINCT uri) FROM {ds}.target GROUP BY done
"""
UNTIL_NOTHING_IS_LEFT = """
CREATE TABLE {ds}.slowly AS SELECT * FROM ML.GENERATE_EMBEDDING(
  MODEL {ds}.model, (SELECT * FROM {ds}.images LIMIT 1));
WHILE (SELECT COUNT(*) FROM {ds}.images) > (SELECT COUNT(*) FROM {ds}.slowly) DO
  INSERT INTO {ds}.slowly SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model,
    (SELECT * FROM {ds}.images WHERE uri NOT IN (SELECT uri FROM {ds}.slowly) LIMIT 2));
END WHILE;
SELECT COUNT(*), COUNT(DISTINCT uri) FROM {ds}.slowly
"""
HANDLED = (
    "BEGIN TRANSACTION; SET x = 2; INSERT {ds}.words (id) VALUES (7); SELECT ERROR('no'); COMMIT; "
    "EXCEPTION WHEN ERROR THEN SET x = x + 10; {handler} END; "
    "SELECT x, (SELECT COUNT(*) FROM {ds}.words WHERE id = 7)"
)
ANSWERS = {
    # variables
    "DECLARE x, y INT64 DEFAULT 1; SET (x, y) = (7, x + y); SELECT x, y": (7, 2),
    "DECLARE x INT64 DEFAULT 1; DECLARE y INT64 DEFAULT 2; SET (x, y) = (y, x); SELECT x, y": (2, 1),
    "DECLARE x, y INT64; SET (x, y) = (SELECT AS STRUCT COUNT(*), MAX(id) FROM {ds}.words); SELECT x, y": (
        3,
        3,
    ),
    "DECLARE s STRUCT<a INT64, b STRING>; SET s = (5, 'q'); SELECT s.a, s.b": (5, "q"),
    "DECLARE r ARRAY<STRUCT<id INT64, n STRING>> DEFAULT [(1, 'a'), (2, 'b')]; "
    "SELECT STRING_AGG(e.n ORDER BY e.id) FROM UNNEST(r) e": ("a,b",),
    'DECLARE j JSON DEFAULT JSON \'{{"a": {{"b": 1}}}}\'; SELECT INT64(j.a.b)': (1,),
    "DECLARE f FLOAT64 DEFAULT 1; DECLARE t TIMESTAMP DEFAULT '2024-01-01'; SELECT f, UNIX_SECONDS(t)": (
        1.0,
        1704067200,
    ),
    "BEGIN DECLARE x INT64 DEFAULT 1; BEGIN DECLARE y INT64 DEFAULT x + 1; SELECT y; END; END": (2,),
    # a column hides a variable of its name
    "DECLARE word STRING DEFAULT 'hidden'; SELECT word FROM {ds}.words WHERE id = 1": ("red",),
    "DECLARE id INT64 DEFAULT 2; SELECT COUNT(*) FROM {ds}.words w WHERE w.id = id": (3,),
    "DECLARE n INT64 DEFAULT 2; SELECT id AS n FROM {ds}.words ORDER BY n DESC LIMIT 1": (3,),
    "DECLARE id INT64 DEFAULT 9; SELECT q FROM {ds}.words, (SELECT id AS q) WHERE word = 'red'": (9,),
    "DECLARE x INT64 DEFAULT 7; WITH c AS (SELECT x AS y) SELECT x, y FROM c": (7, 7),
    "DECLARE x INT64 DEFAULT 7; SELECT x, (SELECT MAX(x) FROM UNNEST([1, 2]) x)": (7, 2),
    # control
    "DECLARE t INT64 DEFAULT 0; FOR r IN (SELECT id FROM {ds}.words ORDER BY id) DO "
    "IF r.id = 2 THEN CONTINUE; END IF; SET t = t + r.id; END FOR; SELECT t": (4,),
    "DECLARE i INT64 DEFAULT 0; outer_loop: WHILE TRUE DO WHILE TRUE DO SET i = i + 1; "
    "IF i > 5 THEN LEAVE outer_loop; END IF; ITERATE outer_loop; END WHILE; END WHILE; SELECT i": (6,),
    "DECLARE p STRING DEFAULT 'y'; CASE p WHEN 'x' THEN SELECT 1; WHEN 'y' THEN SELECT 2; END CASE": (2,),
    "IF EXISTS (SELECT 1 FROM {ds}.words WHERE id = 9) THEN SELECT 1; ELSE SELECT 2; END IF": (2,),
    # dynamic SQL
    "EXECUTE IMMEDIATE 'SELECT @x, @y' USING CAST('2' AS INT64) as x, 'b' AS y": (2, "b"),
    "DECLARE r, q INT64; EXECUTE IMMEDIATE 'SELECT ? * 2, ?' INTO r, q USING 4, 5; SELECT r, q": (8, 5),
    "DECLARE r INT64 DEFAULT 3; EXECUTE IMMEDIATE 'SELECT 1 FROM {ds}.words WHERE FALSE' INTO r; SELECT r": (
        None,
    ),
    "DECLARE t STRING DEFAULT 'words'; EXECUTE IMMEDIATE CONCAT('SELECT COUNT(*) FROM {ds}.', t)": (3,),
    "{procedure}(a INT64, OUT b INT64) BEGIN SET b = IFNULL(b, 0) + a; END; "
    "BEGIN DECLARE x INT64 DEFAULT 5; CALL {ds}.p(b => x, a => 2); SELECT x; END": (2,),
    "{procedure}(a INT64) BEGIN SELECT a; END; EXECUTE IMMEDIATE 'CALL {ds}.p(4)'": (4,),
    # procedures
    "{procedure}(INOUT y INT64, OUT z STRUCT<a INT64, b ARRAY<STRING>>) "
    "BEGIN SET y = y + 3; SET z = (y, ['a', 'b']); END; "
    "BEGIN DECLARE y INT64 DEFAULT 5; DECLARE z STRUCT<a INT64, b ARRAY<STRING>>; CALL {ds}.p(y, z); "
    "SELECT y, z.a, ARRAY_LENGTH(z.b); END": (8, 8, 2),
    "{procedure}(n INT64, OUT r INT64) BEGIN DECLARE t INT64 DEFAULT 0; "
    "IF n <= 1 THEN SET r = 1; ELSE CALL {ds}.p(n - 1, t); SET r = n * t; END IF; END; "
    "BEGIN DECLARE r INT64; CALL {ds}.p(5, r); SELECT r; END": (120,),
    # temporary tables
    "CREATE TEMP TABLE t AS SELECT 1 AS x; DROP TABLE IF EXISTS t; CREATE TEMP TABLE t AS SELECT 2 AS x; "
    "SELECT x FROM _SESSION.t": (2,),
    # errors
    "BEGIN SELECT ERROR('mine'); EXCEPTION WHEN ERROR THEN SELECT @@error.message; END": ("mine",),
    "BEGIN BEGIN SELECT ERROR('in'); EXCEPTION WHEN ERROR THEN RAISE USING MESSAGE = 'out'; END; "
    "EXCEPTION WHEN ERROR THEN SELECT @@error.message; END": ("out",),
    # transactions
    "BEGIN TRANSACTION; INSERT {ds}.words (id) VALUES (7); ROLLBACK TRANSACTION; "
    "SELECT COUNT(*) FROM {ds}.words": (3,),
    "BEGIN; INSERT {ds}.words (id) VALUES (7); COMMIT; SELECT COUNT(*) FROM {ds}.words": (4,),
    "DECLARE x ARRAY<INT64>; BEGIN TRANSACTION; SET x = [4]; ROLLBACK; SELECT x[0]": (4,),
    "DECLARE x INT64 DEFAULT 1; BEGIN " + HANDLED.replace("{handler}", "ROLLBACK TRANSACTION;"): (12, 0),
    # system variables
    "INSERT {ds}.words (id) VALUES (7), (8); SELECT @@row_count, "
    "@@script.creation_time <= CURRENT_TIMESTAMP(), @@script.num_child_jobs, @@project_id": (
        2,
        True,
        1,
        "demo-project",
    ),
    "SET @@dataset_id = '{ds}'; SELECT COUNT(*) FROM words": (3,),
}
REFUSALS = {
    "DECLARE x INT64; SET x = 'abc'": "Cannot coerce expression 'abc' to type INT64",
    "DECLARE x INT64 DEFAULT 2.7": "Cannot coerce expression 2.7 to type INT64",
    "DECLARE x INT64; DECLARE X STRING": "Variable 'x' redeclared",
    "DECLARE x INT64; BEGIN DECLARE x INT64; END": "Variable 'x' redeclared",
    "SELECT 1; DECLARE x INT64": "Variable declarations are allowed only at the start",
    "SET x = 1": "Undeclared variable: x",
    "BREAK": "BREAK without label is only allowed inside of a loop body",
    "IF TRUE THEN CONTINUE; END IF": "CONTINUE without label is only allowed inside of a loop body",
    "LOOP LEAVE elsewhere; END LOOP": "BREAK label does not exist: ELSEWHERE",
    "FOR": "Unexpected end of script",
    "CREATE ( REPLACE PROCEDURE {ds}.q(a INT64) BEGIN SELECT a; END": "Syntax error",
    "IF THEN SELECT 1; END IF": "Syntax error",
    "{procedure}()": "Syntax error",
    "{procedure}() LANGUAGE PYTHON AS 'x'": "not emulated: procedures in other languages",
    "CALL {ds}.nosuch(1)": "Procedure not found",
    "{procedure}(a INT64) BEGIN SELECT a; END; CALL {ds}.p()": "expects 1 arguments, but 0",
    "{procedure}(OUT a INT64) BEGIN SET a = 1; END; CALL {ds}.p(3)": "must be a variable",
    "{procedure}() BEGIN CALL {ds}.p(); END; CALL {ds}.p()": "deeply-nested procedure call",
    "CALL BQ.JOBS.CANCEL('x')": "not emulated: CALL BQ.JOBS.CANCEL",
    "EXECUTE IMMEDIATE NULL": "EXECUTE IMMEDIATE sql string cannot be NULL",
    "EXECUTE IMMEDIATE ''": "Empty EXECUTE IMMEDIATE sql string cannot be executed",
    "EXECUTE IMMEDIATE 'SELECT 1; SELECT 2'": "must contain exactly one statement",
    "EXECUTE IMMEDIATE 'IF TRUE THEN SELECT 1; END IF'": "unsupported statement type: IF",
    "DECLARE x INT64 DEFAULT 1; EXECUTE IMMEDIATE 'SELECT x'": "Unrecognized name: x",
    "DECLARE x INT64; EXECUTE IMMEDIATE 'SELECT id FROM {ds}.words' INTO x": "may only return 0 or 1 rows",
    "DECLARE x INT64; EXECUTE IMMEDIATE 'SELECT 1, 2' INTO x": "expected 1 columns, but got 2",
    "DECLARE x INT64; EXECUTE IMMEDIATE 'DROP TABLE {ds}.words' INTO x": "must use a query statement",
    "BEGIN TRANSACTION": "Transaction control statements are supported only in scripts or sessions",
    "BEGIN TRANSACTION; BEGIN TRANSACTION": "Nested transactions are not supported",
    "SELECT 1; COMMIT TRANSACTION": "There is no active transaction",
    "BEGIN TRANSACTION; CREATE TABLE {ds}.t (x INT64); COMMIT": "DDL statements on permanent entities",
    "DECLARE x INT64; BEGIN " + HANDLED.replace("{handler}", "COMMIT;"): "not emulated: going on",
    "BEGIN RAISE USING MESSAGE = 'mine'; EXCEPTION WHEN ERROR THEN RAISE; END": "mine",
    "ASSERT (SELECT COUNT(*) FROM {ds}.words) = 99 AS 'wrong count'": "wrong count",
    "SELECT @@nonsense": "Unrecognized name: @@nonsense",
    "SET @@nonsense = 1": "System variable not found: @@nonsense",
    "SELECT @@script.slot_ms": "not emulated: @@script.slot_ms",
    "SET @@time_zone = 'Asia/Tokyo'": "not emulated: @@time_zone",
}


@pytest.fixture(scope="module")
def embeddable(emulator):
    """A dataset with five images and a model, for the hash model."""
    before = emulator.faults()
    emulator.faults(hash_model=True)
    setup(emulator, "scripts", "scripts", {f"{number}.png": unlike(number) for number in range(5)})
    yield "scripts"
    emulator.faults(**before)


@pytest.fixture
def ds(bigquery, embeddable):
    """The dataset with its table `words` as every test finds it."""
    words = "[STRUCT(1 AS id, 'red' AS word), (2, 'green'), (3, 'blue')]"
    bigquery.query_and_wait(f"CREATE OR REPLACE TABLE {embeddable}.words AS SELECT * FROM UNNEST({words})")
    return embeddable


def filled(script, ds):
    """The script for this dataset."""
    return script.format(ds=ds, procedure=f"CREATE OR REPLACE PROCEDURE {ds}.p")


def row(bigquery, sql):
    """The only row of a script's last query."""
    [found] = bigquery.query_and_wait(sql)
    return tuple(found.values())


@pytest.mark.parametrize("script", ANSWERS)
def test_a_script_answers(bigquery, ds, script):
    assert row(bigquery, filled(script, ds)) == ANSWERS[script]


@pytest.mark.parametrize("script", REFUSALS)
def test_a_script_is_refused_in_words(bigquery, ds, script):
    with pytest.raises(GoogleAPICallError) as refusal:
        bigquery.query_and_wait(filled(script, ds))
    assert refusal.value.code == 400
    assert REFUSALS[script] in refusal.value.message


def test_a_procedure_embeds_what_is_new_until_nothing_is(bigquery, embeddable):
    ds = embeddable
    query = "SELECT id, FORMAT('w%d', id) AS word FROM UNNEST(GENERATE_ARRAY(1, 7)) id"
    bigquery.query_and_wait(f"CREATE TABLE {ds}.numbers AS {query}")
    bigquery.query_and_wait(EMBED_NEW.replace("{ds}", ds))
    call = CALL_EMBED_NEW.replace("{ds}", ds)
    assert row(bigquery, call % '{"batch_size": 4}') == (6, 7, 7, 7)
    assert row(bigquery, call % "{}") == (0, 7, 7, 7)
    bigquery.query_and_wait(f"INSERT {ds}.numbers VALUES (8, 'eight'), (9, 'nine')")
    assert row(bigquery, call % "{}") == (2, 9, 9, 9)
    for options, refusal in {
        "{": "Options are no JSON: ",
        '{"batch_size": "x"}': "must be an integer",
    }.items():
        with pytest.raises(GoogleAPICallError, match=refusal):
            bigquery.query_and_wait(call % options)


@pytest.mark.parametrize(("script", "expected"), [(OBJECT_LOOP, (4, 5, 5)), (UNTIL_NOTHING_IS_LEFT, (5, 5))])
def test_a_loop_embeds_every_image_once(emulator, bigquery, embeddable, script, expected):
    before = len(emulator.ledger())
    assert row(bigquery, script.replace("{ds}", embeddable)) == expected
    assert len({call["uri"] for call in emulator.ledger()[before:]}) == len(emulator.ledger()) - before == 5


def test_a_script_that_never_ends_can_be_cancelled(bigquery):
    job = bigquery.query("LOOP BEGIN SELECT ERROR('x'); EXCEPTION WHEN ERROR THEN SELECT 1; END; END LOOP")
    job.cancel()
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result(timeout=30)


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("INSERT INTO _SESSION.t VALUES (2)", [1, 2]),
        ("INSERT _session.T (x) SELECT x + 1 FROM _SESSION.t", [1, 2]),
        ("UPDATE _SESSION.t SET x = 3 WHERE x = 1", [3]),
        ("DELETE FROM _SESSION.t WHERE x = 1", []),
        ("TRUNCATE TABLE _SESSION.t", []),
        (
            "MERGE _SESSION.t AS t USING (SELECT 2 AS x) AS s ON t.x = s.x WHEN NOT MATCHED THEN INSERT ROW",
            [1, 2],
        ),
        ("BEGIN TRANSACTION; INSERT INTO _SESSION.t VALUES (2); COMMIT TRANSACTION", [1, 2]),
    ],
)
def test_dml_on_a_temporary_table_by_its_whole_name(bigquery, statement, rows):
    script = (
        f"CREATE TEMP TABLE t (x INT64); INSERT INTO t VALUES (1); {statement}; SELECT x FROM t ORDER BY x"
    )
    assert [row.x for row in bigquery.query_and_wait(script)] == rows
