"""What a nightly script over an object table is made of: refreshes, temporary tables, conditions, one result.

Sources (2026-08-22): https://docs.cloud.google.com/bigquery/docs/multi-statement-queries and, below
https://docs.cloud.google.com/bigquery/docs/reference/, the procedural language, DDL and data types.
"""

import datetime
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from documented import DDL, DOCS, JOB, TYPES, documented
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.bigquery import (
    ArrayQueryParameter,
    QueryJobConfig,
    ScalarQueryParameter,
    ScalarQueryParameterType,
    StructQueryParameter,
    StructQueryParameterType,
)
from pictures import setup, unlike

IMAGES = 6
MIB = 1024 * 1024
MULTI = DOCS + "multi-statement-queries"
DAY = datetime.date(2026, 11, 27)
STAGES = "ARRAY<STRUCT<stage STRING, jobs INT64>>"
REFRESH = "CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('demo-project.{ds}.images');"
TABLES = """
CREATE OR REPLACE EXTERNAL TABLE {ds}.images WITH CONNECTION DEFAULT
OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://{bucket}/*'],
  max_staleness = INTERVAL 7 DAY, metadata_cache_mode = 'MANUAL');
CREATE TABLE {ds}.state (id INT64 NOT NULL, note STRING, n INT64);
INSERT INTO {ds}.state VALUES (1, 'a', 0);
CREATE TABLE {ds}.seen (uri STRING, generation INT64, day DATE) CLUSTER BY uri;
"""


@pytest.fixture
def run(emulator, bigquery, dataset):
    """Run a script over {ds} and return its rows as tuples."""
    bucket = f"scripts-{dataset.replace('_', '-')}"
    setup(emulator, dataset, bucket, {f"{number}.png": unlike(number) for number in range(IMAGES)})
    bigquery.query_and_wait(TABLES.format(ds=dataset, bucket=bucket))

    def run(sql: str, *parameters) -> list[tuple]:
        config = QueryJobConfig(query_parameters=parameters)
        return [tuple(row) for row in bigquery.query_and_wait(sql.format(ds=dataset), job_config=config)]

    run.dataset, run.bucket = dataset, bucket
    return run


def value(name: str, kind: str, given) -> ScalarQueryParameter:
    return ScalarQueryParameter(name, kind, given)


def stages(*rows: tuple[str, int | None]) -> ArrayQueryParameter:
    """@stages, an array of structs, which may be empty."""
    kind = StructQueryParameterType(
        ScalarQueryParameterType("STRING", name="stage"), ScalarQueryParameterType("INT64", name="jobs")
    )
    values = [
        StructQueryParameter(None, value("stage", "STRING", stage), value("jobs", "INT64", jobs))
        for stage, jobs in rows
    ]
    return ArrayQueryParameter("stages", kind, values)


def test_a_cache_is_refreshed_where_a_condition_holds(run, emulator):
    run(REFRESH)
    emulator.upload(run.bucket, {"new.png": unlike(99)})
    script = f"""DECLARE wanted BOOL DEFAULT @wanted;
    IF wanted THEN {REFRESH} END IF;
    SELECT COUNT(*) FROM {{ds}}.images"""
    assert run(script, value("wanted", "BOOL", False)) == [(IMAGES,)]
    assert run(script, value("wanted", "BOOL", True)) == [(IMAGES + 1,)]


def test_assertions_stop_a_script_with_their_words(run):
    script = """ASSERT (SELECT COUNT(*) FROM {ds}.images) = @n AS 'not that many; stop';
    UPDATE {ds}.state SET n = n + 1 WHERE TRUE; SELECT n FROM {ds}.state"""
    assert run(script, value("n", "INT64", IMAGES)) == [(1,)]
    with pytest.raises(GoogleAPICallError, match="not that many; stop"):
        run(script, value("n", "INT64", 1))
    with pytest.raises(GoogleAPICallError, match="unknown"):
        run("ASSERT (SELECT CAST(NULL AS BOOL)) AS 'unknown'; UPDATE {ds}.state SET n = n + 1 WHERE TRUE")
    assert run("SELECT n FROM {ds}.state") == [(1,)]


@documented("Jobs", "A temporary table serves all later statements of its script", MULTI)
def test_a_temporary_table_serves_queries_and_dml_beside_parameters(run):
    script = """
    CREATE TEMP TABLE fresh AS SELECT uri, generation FROM {ds}.images WHERE size > @least;
    CREATE TEMP TABLE todo AS SELECT uri FROM fresh WHERE uri NOT IN (SELECT uri FROM {ds}.seen);
    INSERT INTO {ds}.seen (uri, generation, day) SELECT uri, generation, @day FROM fresh;
    UPDATE {ds}.seen SET generation = 0 WHERE uri IN (SELECT uri FROM todo) AND day = @day;
    MERGE {ds}.seen AS t USING fresh AS s ON t.uri = s.uri AND t.day = @day
    WHEN MATCHED AND ENDS_WITH(s.uri, '/1.png') THEN UPDATE SET generation = s.generation
    WHEN NOT MATCHED THEN INSERT (uri, generation) VALUES (s.uri, s.generation);
    DELETE FROM {ds}.seen WHERE uri = (SELECT MIN(uri) FROM todo) AND day = @day;
    CREATE OR REPLACE TEMP TABLE todo AS SELECT uri FROM todo LIMIT 1;
    SELECT COUNT(*), COUNTIF(generation = 0), (SELECT COUNT(*) FROM fresh), (SELECT COUNT(*) FROM TODO)
    FROM {ds}.seen WHERE day = @day"""
    assert run(script, value("least", "INT64", 1), value("day", "DATE", DAY)) == [(5, 4, IMAGES, 1)]


def test_a_temporary_table_chooses_what_is_embedded(run):
    script = """
    CREATE TEMP TABLE todo AS SELECT uri FROM {ds}.images ORDER BY uri LIMIT 3;
    CREATE TEMP TABLE answers AS SELECT uri, generation, status FROM AI.GENERATE_EMBEDDING(MODEL {ds}.model,
      (SELECT uri, generation FROM {ds}.images WHERE uri IN (SELECT uri FROM todo)),
      STRUCT(128 AS output_dimensionality));
    BEGIN TRANSACTION;
    DELETE FROM {ds}.seen WHERE uri IN (SELECT uri FROM answers);
    INSERT INTO {ds}.seen SELECT uri, generation, @day FROM answers WHERE COALESCE(status, '') = '';
    COMMIT TRANSACTION;
    SELECT COUNT(*), COUNT(DISTINCT uri) FROM {ds}.seen"""
    assert run(REFRESH + script, value("day", "DATE", DAY)) == [(3, 3)]
    assert run(script, value("day", "DATE", DAY)) == [(3, 3)]


def test_variables_take_what_queries_answer(run):
    script = f"""DECLARE images INT64 DEFAULT (SELECT COUNT(*) FROM {{ds}}.images);
    DECLARE least INT64 DEFAULT @least;
    DECLARE latest TIMESTAMP DEFAULT (SELECT MAX(updated) FROM {{ds}}.images WHERE size > least);
    DECLARE two {STAGES} DEFAULT (
      SELECT ARRAY_AGG(STRUCT(uri, size AS bytes) ORDER BY uri LIMIT 2) FROM {{ds}}.images);
    DECLARE pair STRUCT<uri STRING, n INT64>;
    SET pair = (SELECT AS STRUCT MAX(uri), COUNT(*) FROM {{ds}}.images);
    SELECT images, latest < CURRENT_TIMESTAMP(), (SELECT STRING_AGG(x.stage, ' ') FROM UNNEST(two) AS x),
      pair.n FROM {{ds}}.state"""
    uris = " ".join(f"gs://{run.bucket}/{number}.png" for number in range(2))
    assert run(script, value("least", "INT64", 1)) == [(IMAGES, True, uris, IMAGES)]


def test_conditions_decide_which_dml_runs(run):
    script = """
    IF EXISTS (SELECT 1 FROM {ds}.state WHERE id = @id) THEN
      UPDATE {ds}.state SET n = n + 1 WHERE id = @id;
    ELSE
      INSERT INTO {ds}.state VALUES (@id, 'new', 0);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM {ds}.state WHERE id = 99) THEN
      MERGE {ds}.state AS t USING (SELECT @id AS id) AS s ON t.id = s.id
      WHEN MATCHED AND t.n >= 2 THEN DELETE WHEN MATCHED THEN UPDATE SET note = 'merged';
    END IF;
    IF EXISTS (SELECT * FROM {ds}.state WHERE note = 'merged' AND id = 99) THEN
      DELETE FROM {ds}.state WHERE TRUE;
    ELSEIF @id = 2 THEN
      SELECT 'two';
    END IF"""
    assert run(script, value("id", "INT64", 2)) == [("two",)]
    assert run("SELECT id, note, n FROM {ds}.state ORDER BY id") == [(1, "a", 0), (2, "merged", 0)]
    run(script, value("id", "INT64", 1))
    run(script, value("id", "INT64", 1))
    assert run("SELECT id, note, n FROM {ds}.state ORDER BY id") == [(2, "merged", 0)]


@documented("Jobs", "The result of a script is that of its last statement", MULTI)
@pytest.mark.parametrize(
    ("script", "rows"),
    [
        ("SELECT 1; SELECT 2", [(2,)]),
        ("SELECT 1; IF TRUE THEN SELECT 2; ELSE SELECT 3; END IF", [(2,)]),
        ("SELECT 1; IF FALSE THEN SELECT 2; ELSE BEGIN SELECT 3; END; END IF", [(3,)]),
        ("SELECT 1; IF FALSE THEN SELECT 2; END IF", [(1,)]),
        ("IF TRUE THEN SELECT 1; RETURN; END IF; SELECT 2", [(1,)]),
        ("DECLARE i INT64; SELECT 1; SET i = 3; ASSERT i = 3", [(1,)]),
        ("SELECT 1; " + REFRESH, [(1,)]),
        ("SELECT 1; UPDATE {ds}.state SET n = n WHERE TRUE", []),
    ],
)
def test_the_result_is_that_of_the_last_statement(run, script, rows):
    assert run(script) == rows


@documented("Jobs", "A field of a STRUCT that is only a column has its name", TYPES)
def test_rows_come_as_arrays_of_structs(run):
    one, two, three = (f"gs://{run.bucket}/{number}.png" for number in (5, 4, 3))
    [(array, plain)] = run("""SELECT
      ARRAY(SELECT AS STRUCT uri, size > 0 AS is_big FROM {ds}.images ORDER BY uri DESC LIMIT 2),
      ARRAY(SELECT uri FROM {ds}.images ORDER BY uri DESC LIMIT 1)""")
    assert array == [{"uri": one, "is_big": True}, {"uri": two, "is_big": True}]
    assert plain == [one]
    [(latest, first)] = run("""SELECT ARRAY_AGG(STRUCT(uri, i.size > 0 AS is_big) ORDER BY uri DESC LIMIT 3),
      ARRAY_AGG(STRUCT(i.uri, content_type) ORDER BY uri DESC LIMIT 3)[OFFSET(0)].uri FROM {ds}.images i""")
    assert latest == [{"uri": uri, "is_big": True} for uri in (one, two, three)]
    assert first == one
    assert run("SELECT TO_JSON_STRING(STRUCT(id, s.note)) FROM {ds}.state AS s") == [('{"id":1,"note":"a"}',)]
    # by position, whatever the names
    assert run("SELECT COUNT(*) FROM {ds}.state AS a WHERE STRUCT(id, note) = STRUCT(1, 'a')") == [(1,)]
    [(both,)] = run("SELECT [STRUCT(id, note), STRUCT(n, 'b'), (7, 'c')] FROM {ds}.state")
    assert both == [{"id": 1, "note": "a"}, {"id": 0, "note": "b"}, {"id": 7, "note": "c"}]


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ("INSERT INTO {ds}.runs (id, s) VALUES (1, ('a', 2))", {"stage": "a", "jobs": 2}),
        (
            "INSERT INTO {ds}.runs (id, s) SELECT 1, STRUCT(note, n) FROM {ds}.state",
            {"stage": "a", "jobs": 0},
        ),
        ("UPDATE {ds}.runs SET s = STRUCT('b' AS stage, @n AS jobs) WHERE TRUE", {"stage": "b", "jobs": 7}),
        ("UPDATE {ds}.runs SET s.jobs = 3 WHERE TRUE", {"stage": "z", "jobs": 3}),
        (
            "UPDATE {ds}.runs SET s = STRUCT(q.note AS stage, q.n + @n AS jobs) FROM {ds}.state q WHERE TRUE",
            {"stage": "a", "jobs": 7},
        ),
        ("INSERT INTO {ds}.runs (id, s) SELECT 1, STRUCT('c' AS stage, 1 AS n)", None),
        ("INSERT INTO {ds}.runs SELECT 1, STRUCT(1 AS jobs, 'c' AS stage), NULL", None),
        ("UPDATE {ds}.runs SET id = 1, s = (SELECT AS STRUCT 'c' AS stage, 1 AS n) WHERE TRUE", None),
        ("UPDATE {ds}.runs SET many = [STRUCT('c' AS name, 1 AS jobs)] WHERE TRUE", None),
    ],
)
def test_structs_are_written_by_position_or_refused(run, change, written):
    """Never as NULL because a field is called otherwise."""
    kind = "STRUCT<stage STRING, jobs INT64>"
    run(f"CREATE TABLE {{ds}}.runs (id INT64, s {kind}, many ARRAY<{kind}>)")
    run("INSERT INTO {ds}.runs (id, s) VALUES (0, ('z', 1))")
    change += "; SELECT s FROM {ds}.runs ORDER BY id DESC LIMIT 1"
    if written:
        assert run(change, value("n", "INT64", 7)) == [(written,)]
        return
    with pytest.raises(
        GoogleAPICallError,
        match=r"not emulated: a STRUCT with the fields .* of \(stage, jobs\)|which cannot be inserted",
    ):
        run(change)
    assert run("SELECT s FROM {ds}.runs") == [({"stage": "z", "jobs": 1},)]


def test_a_clustered_table_is_made_from_a_query_once(run, bigquery):
    script = "CREATE TABLE IF NOT EXISTS {ds}.copy CLUSTER BY uri AS SELECT uri, @n AS n FROM {ds}.images"
    for number in (1, 2):
        run(script, value("n", "INT64", number))
    assert run("SELECT n, COUNT(*) FROM {ds}.copy GROUP BY n") == [(1, IMAGES)]
    assert bigquery.get_table(f"{run.dataset}.copy").clustering_fields == ["uri"]


@documented("Changes of tables", "`ALTER COLUMN … DROP NOT NULL` relaxes a column, and may be repeated", DDL)
def test_a_required_column_is_relaxed(run, bigquery):
    assert bigquery.get_table(f"{run.dataset}.state").schema[0].mode == "REQUIRED"
    for _ in range(2):
        run("ALTER TABLE {ds}.state ALTER COLUMN id DROP NOT NULL; INSERT INTO {ds}.state (n) VALUES (5)")
    assert bigquery.get_table(f"{run.dataset}.state").schema[0].mode == "NULLABLE"
    assert run("SELECT COUNT(*) FROM {ds}.state WHERE id IS NULL") == [(2,)]


@documented("Changes of tables", "`ADD COLUMN IF NOT EXISTS` adds columns of any type, once", DDL)
def test_an_array_of_structs_is_added_and_filled_from_a_parameter(run, bigquery):
    for _ in range(2):
        run(f"ALTER TABLE {{ds}}.state ADD COLUMN IF NOT EXISTS stages {STAGES}")
    field = bigquery.get_table(f"{run.dataset}.state").schema[-1]
    assert (field.name, field.mode, [part.name for part in field.fields]) == (
        "stages",
        "REPEATED",
        ["stage", "jobs"],
    )
    update = """DECLARE n INT64 DEFAULT (SELECT COUNT(*) FROM UNNEST(@stages));
    UPDATE {ds}.state SET stages = @stages, n = n + 1 WHERE TRUE; SELECT stages, n FROM {ds}.state"""
    rows = [{"stage": "list", "jobs": 2}, {"stage": "embed", "jobs": None}]
    assert run(update, stages(("list", 2), ("embed", None))) == [(rows, 1)]
    assert run("SELECT jobs FROM UNNEST(@stages) WHERE stage = 'a'", stages(("a", 3), ("b", 1))) == [(3,)]
    assert run("SELECT ARRAY(SELECT stage FROM UNNEST(stages)) FROM {ds}.state") == [(["list", "embed"],)]
    assert run("SELECT COUNT(*), MAX(s.jobs) FROM UNNEST(@stages) AS s", stages()) == [(0, None)]
    assert run(update, stages()) == [([], 2)]


def test_of_two_jobs_that_write_one_row_one_sees_the_others_result(run, emulator):
    script = f"""DECLARE mine INT64;
    UPDATE {run.dataset}.state SET note = @me, n = n + 1 WHERE note = 'a';
    SET mine = @@row_count;
    UPDATE {run.dataset}.state SET n = n + 1 WHERE TRUE;
    SELECT note, mine FROM {run.dataset}.state"""

    def update(me: str) -> tuple[str, str, int]:
        config = QueryJobConfig(query_parameters=[value("me", "STRING", me)])
        [row] = emulator.bigquery().query_and_wait(script, job_config=config)
        return me, *row

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(update, "bcdefghi"))
    [first] = [me for me, _, mine in answers if mine]
    assert {note for _, note, _ in answers} == {first}
    assert run("SELECT n FROM {ds}.state") == [(9,)]


def test_of_two_transactions_that_write_one_row_one_fails_and_says_so(run, emulator):
    script = f"""BEGIN TRANSACTION; UPDATE {run.dataset}.state SET n = n + 1 WHERE TRUE;
    SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 3000)) CROSS JOIN UNNEST(GENERATE_ARRAY(1, 3000));
    COMMIT TRANSACTION"""

    def update(_) -> str:
        return str(emulator.bigquery().query(script, job_retry=None).exception() or "")

    with ThreadPoolExecutor(4) as pool:
        errors = list(pool.map(update, range(4)))
    assert run("SELECT n FROM {ds}.state") == [(errors.count(""),)]
    assert "" in errors
    assert all("due to concurrent update" in error for error in errors if error)


@documented("Jobs", "Expressions of DECLARE, SET and IF cost what their tables cost", MULTI)
def test_the_expressions_of_a_script_are_billed_and_limited(run, bigquery):
    table = f"{run.dataset}.state"
    script = f"""DECLARE a INT64 DEFAULT (SELECT COUNT(n) FROM {table});
    SET a = (SELECT MAX(n) FROM {table});
    IF EXISTS (SELECT 1 FROM {table} WHERE n = a) THEN SELECT id FROM {table}; END IF"""
    job = bigquery.query(script, job_config=QueryJobConfig(maximum_bytes_billed=10 * MIB))
    job.result()
    assert (job.total_bytes_processed, job.total_bytes_billed) == (4 * 8, 40 * MIB)
    for refused in (script, f"SELECT 1; SELECT id FROM {table}"):
        job = bigquery.query(refused, job_config=QueryJobConfig(maximum_bytes_billed=MIB), job_retry=None)
        with pytest.raises(GoogleAPICallError, match="exceeded limit for bytes billed: 1048576"):
            job.result()


@documented("Jobs", "jobs.list hides the statements of scripts unless asked by `parentJobId`", JOB)
def test_jobs_are_found_by_time_and_parent_and_have_labels(run, bigquery):
    bigquery.query_and_wait("SELECT 1; SELECT 2")
    since = datetime.datetime.now(datetime.UTC)
    time.sleep(0.01)
    labels = {"dag": "embed", "run": "night"}
    job = bigquery.query("SELECT 3; SELECT 4", job_config=QueryJobConfig(labels=labels))
    job.result()
    assert [found.job_id for found in bigquery.list_jobs(min_creation_time=since)] == [job.job_id]
    assert bigquery.get_job(job.job_id).labels == labels
    children = list(bigquery.list_jobs(parent_job=job))
    assert [child.parent_job_id for child in children] == [job.job_id] * 2


def test_a_wrong_name_in_a_refresh_fails_the_script(run):
    with pytest.raises(GoogleAPICallError, match="Not found: External table"):
        run("IF TRUE THEN CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{ds}.nothing'); END IF")
