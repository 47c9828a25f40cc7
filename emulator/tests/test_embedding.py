"""GENERATE_EMBEDDING beyond what is documented (see boundary/): in every statement, one call for each row."""

import pictures
import pytest
from documented import GENERATE, VERTEX, documented, not_emulated
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import ArrayQueryParameter, QueryJobConfig, ScalarQueryParameter

RED = "(SELECT * FROM {ds}.images WHERE uri LIKE '%/red.png')"
CALL = "ML.GENERATE_EMBEDDING(MODEL {ds}.model, " + RED + ")"
TEXT = "ML.GENERATE_EMBEDDING(MODEL {ds}.model, {source})"


@pytest.fixture(scope="module")
def ds(emulator):
    """A dataset with `images` (four good, four bad) and `model`."""
    good = {f"{name}.png": pictures.png(colour) for name, colour in pictures.COLOURS.items()}
    bad = {"broken.png": b"not an image", "empty.png": b"", "large.png": b"x" * (20 * 1024 * 1024 + 1)}
    pictures.setup(emulator, "embedding", "embedding", good | bad)
    emulator.upload("embedding", {"note.txt": b"words"}, "text/plain")
    emulator.upload("embedding", {"clip.mp4": b"moving"}, "video/mp4")
    yield "embedding"
    emulator.bigquery().query_and_wait("DROP SCHEMA embedding CASCADE")


@pytest.fixture
def rows(bigquery):
    """Run a query; its rows as a list."""

    def rows(sql, **parameters):
        given = [
            ArrayQueryParameter(name, "STRING", value)
            if isinstance(value, list)
            else ScalarQueryParameter(name, "INT64" if isinstance(value, int) else "STRING", value)
            for name, value in parameters.items()
        ]
        return list(bigquery.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=given)))

    return rows


@pytest.fixture
def new_calls(emulator):
    """The ledger's calls since the test began."""
    before = len(emulator.ledger())
    return lambda: emulator.ledger()[before:]


def columns(bigquery, sql: str) -> list[tuple[str, str, str]]:
    """The schema of a query by dry run."""
    job = bigquery.query(sql, job_config=QueryJobConfig(dry_run=True))
    return [(field.name, field.field_type, field.mode) for field in job.schema]


def test_a_dry_run_calls_nothing(bigquery, ds, new_calls):
    columns(bigquery, f"SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model, TABLE {ds}.images)")
    assert new_calls() == []


def test_the_executed_query_has_the_columns_of_the_dry_run(bigquery, ds):
    sql = f"SELECT * FROM {CALL.format(ds=ds)}"
    result = bigquery.query_and_wait(sql)
    assert [(f.name, f.field_type, f.mode) for f in result.schema] == columns(bigquery, sql)
    [row] = result
    assert row.ml_generate_embedding_start_sec is None
    assert row.ml_generate_embedding_end_sec is None
    assert row.size == len(pictures.png(pictures.COLOURS["red"]))


@documented("Model calls", "Images over 20 MB, or of another type, fail on their rows", VERTEX)
def test_bad_objects_fail_on_their_rows_only(rows, ds):
    found = {
        row.uri.rpartition("/")[2]: (row.ml_generate_embedding_status, len(row.ml_generate_embedding_result))
        for row in rows(f"SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model, TABLE {ds}.images)")
    }
    assert {name for name, answer in found.items() if answer == ("", 1408)} == {
        f"{name}.png" for name in pictures.COLOURS
    }
    failed = {name: status for name, (status, length) in found.items() if length == 0}
    assert "Image size 20971521 bytes exceeds the limit" in failed.pop("large.png")
    assert "is not an image" in failed.pop("broken.png")
    assert failed.pop("empty.png").startswith("INVALID_ARGUMENT: Image embedding failed")
    assert "Content type text/plain is not supported" in failed.pop("note.txt")
    assert failed.pop("clip.mp4") == "not emulated: embedding of a video"
    assert failed == {}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("CAST(NULL AS STRING)", "NULL value is not supported for embedding generation"),
        ("REPEAT('x', 1024)", ""),
        (
            "REPEAT('x', 1025)",
            "INVALID_ARGUMENT: Multimodal embedding failed with the following error: "
            "Text field must be smaller than 1024 characters.",
        ),
    ],
)
def test_text_limits(rows, ds, content, status):
    [row] = rows(f"SELECT * FROM AI.GENERATE_EMBEDDING(MODEL {ds}.model, (SELECT {content} AS content))")
    assert row.status == status
    assert len(row.embedding) == (0 if status else 1408)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("(SELECT 'x' AS words)", "Column `content` of type STRING was not found"),
        ("(SELECT 1 AS content)", "Column `content` of type STRING was not found"),
        (
            "(SELECT 'x' AS content), STRUCT(100 AS output_dimensionality)",
            "must be one of 128, 256, 512, 1408, not 100",
        ),
        ("(SELECT 'x' AS content), STRUCT(128.0 AS output_dimensionality)", "must be one of 128, 256"),
        ("(SELECT 'x' AS content), STRUCT(NULL AS output_dimensionality)", "must be one of 128, 256"),
        ("(SELECT 'x' AS content), STRUCT('yes' AS flatten_json_output)", "must be TRUE or FALSE"),
        ("(SELECT 'x' AS content), STRUCT(1 AS colour)", "unknown option colour"),
        ("TABLE {ds}.images, STRUCT(5 AS interval_seconds)", "not emulated: option interval_seconds"),
        (
            "(SELECT uri, COUNT(*) AS n FROM {ds}.images GROUP BY uri)",
            "can only use WHERE, ORDER BY and LIMIT",
        ),
        ("(SELECT UPPER(uri) AS uri FROM {ds}.images)", "can only use WHERE, ORDER BY and LIMIT"),
        ("(SELECT DISTINCT uri FROM {ds}.images)", "can only use WHERE, ORDER BY and LIMIT"),
        (
            "(SELECT i.* FROM {ds}.images AS i JOIN {ds}.images AS j USING (uri))",
            "can only use WHERE, ORDER BY",
        ),
        ("(SELECT * FROM (SELECT * FROM {ds}.images))", "can only use WHERE, ORDER BY and LIMIT"),
        ("(WITH i AS (SELECT * FROM {ds}.images) SELECT * FROM i)", "can only use WHERE, ORDER BY and LIMIT"),
        ("(SELECT * FROM {ds}.images UNION ALL SELECT * FROM {ds}.images)", "can only use WHERE, ORDER BY"),
        ("(SELECT size FROM {ds}.images)", "must return `uri`"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_wrong_call_fails_the_job_and_calls_nothing(bigquery, ds, new_calls, arguments, message, dry_run):
    sql = f"SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model, {arguments.format(ds=ds)})"
    with pytest.raises(BadRequest, match=message):
        bigquery.query(sql, job_config=QueryJobConfig(dry_run=dry_run)).result()
    assert new_calls() == []


def test_the_clauses_an_object_table_allows(rows, ds):
    found = rows(
        f"""SELECT uri FROM AI.GENERATE_EMBEDDING(MODEL {ds}.model,
        (SELECT * FROM {ds}.images WHERE uri IN (SELECT uri FROM {ds}.images WHERE content_type = 'image/png')
         AND size < 1000 AND size > 50 ORDER BY uri DESC LIMIT 2))"""
    )
    assert sorted(row.uri for row in found) == ["gs://embedding/red.png", "gs://embedding/white.png"]


def test_the_ledger_names_job_model_and_content(bigquery, ds, new_calls):
    job = bigquery.query(f"SELECT * FROM {CALL.format(ds=ds)}")
    job.result()
    [call] = new_calls()
    assert call | {"id": 0, "time": "", "served_by": ""} == {
        "id": 0,
        "time": "",
        "job_id": job.job_id,
        "model": "demo-project.embedding.model",
        "endpoint": "multimodalembedding@001",
        "served_by": "",
        "kind": "image",
        "uri": "gs://embedding/red.png",
        "content_sha256": pictures.sha256(pictures.png(pictures.COLOURS["red"])),
        "outcome": "ok",
        "status": "",
    }
    assert call["served_by"].startswith("local-")
    assert call["time"].endswith("Z")


def test_each_row_is_called_once_whatever_the_query_does(rows, ds, new_calls):
    rows(
        f"""WITH e AS (SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model,
        (SELECT * FROM {ds}.images WHERE uri LIKE '%/blue.png')))
        SELECT a.uri FROM e AS a JOIN e AS b USING (uri) CROSS JOIN e AS c
        UNION ALL SELECT uri FROM e WHERE FALSE"""
    )
    assert len(new_calls()) == 1


@documented(
    "Model calls",
    "They work in CREATE TABLE AS, INSERT, MERGE, views, procedures, loops",
    GENERATE,
)
@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE {t} AS SELECT * FROM {call}",
        "CREATE TABLE {t} (uri STRING, v ARRAY<FLOAT64>) AS "
        "SELECT uri, ml_generate_embedding_result FROM {call}",
        "CREATE TABLE {t} (uri STRING); INSERT INTO {t} (uri) SELECT uri FROM {call}",
        "CREATE TABLE {t} (uri STRING); MERGE {t} T USING (SELECT uri FROM {call}) S ON T.uri = S.uri "
        "WHEN NOT MATCHED THEN INSERT (uri) VALUES (S.uri)",
        "CREATE TABLE {t} (uri STRING); MERGE {t} T USING (SELECT uri FROM {call}) S ON FALSE "
        "WHEN NOT MATCHED THEN INSERT ROW",
        'EXECUTE IMMEDIATE "CREATE TABLE {t} AS SELECT * FROM {call}"',
        "BEGIN TRANSACTION; CREATE TEMP TABLE x AS SELECT uri FROM {call}; COMMIT TRANSACTION; "
        "CREATE TABLE {t} AS SELECT * FROM x",
        "CREATE VIEW {t}_view AS SELECT * FROM {call}; CREATE TABLE {t} AS SELECT * FROM {t}_view",
        "CREATE PROCEDURE {t}_proc(pattern STRING) BEGIN CREATE TABLE {t} AS SELECT * FROM "
        "ML.GENERATE_EMBEDDING(MODEL {ds}.model, (SELECT * FROM {ds}.images WHERE uri LIKE pattern)); END; "
        "CALL {t}_proc('%/red.png')",
        "FOR row IN (SELECT uri FROM {call}) DO CREATE TABLE {t} AS SELECT row.uri AS uri; END FOR",
        "CREATE TABLE IF NOT EXISTS {t} AS SELECT * FROM {call}; "
        "CREATE TABLE IF NOT EXISTS {t} AS SELECT * FROM {call}",
        "CREATE TABLE IF NOT EXISTS {t} (uri STRING) AS SELECT uri FROM {call}; "
        "CREATE TABLE IF NOT EXISTS {t} (uri STRING) AS SELECT uri FROM {call}",
    ],
)
def test_it_works_in_every_statement_with_one_call(rows, bigquery, dataset, ds, new_calls, script):
    table = f"{dataset}.t"
    rows(script.format(t=table, ds=ds, call=CALL.format(ds=ds)))
    assert [row.uri for row in rows(f"SELECT uri FROM {table}")] == ["gs://embedding/red.png"]
    assert [call["uri"] for call in new_calls()] == ["gs://embedding/red.png"]


def test_creating_a_view_or_a_procedure_calls_nothing(rows, dataset, ds, new_calls):
    rows(f"CREATE VIEW {dataset}.v AS SELECT * FROM {CALL.format(ds=ds)}")
    rows(f"CREATE PROCEDURE {dataset}.p() BEGIN SELECT * FROM {CALL.format(ds=ds)}; END")
    assert new_calls() == []
    assert len(rows(f"SELECT uri FROM {dataset}.v AS v WHERE v.ml_generate_embedding_status = ''")) == 1
    assert len(new_calls()) == 1


@not_emulated(
    "Model calls", "The functions in a materialized view, a table function or a view over a view", GENERATE
)
@pytest.mark.parametrize(
    "definition",
    [
        "CREATE MATERIALIZED VIEW {ds}.x AS SELECT * FROM {call}",
        "CREATE TABLE FUNCTION {ds}.x(q STRING) AS (SELECT * FROM {call})",
        "CREATE VIEW {ds}.x AS SELECT * FROM {ds}.calls",
    ],
)
def test_definitions_that_would_silently_not_call_are_refused(
    rows, bigquery, dataset, ds, new_calls, definition
):
    rows(f"CREATE VIEW {dataset}.calls AS SELECT * FROM {CALL.format(ds=ds)}")
    with pytest.raises(BadRequest, match="not emulated: "):
        rows(definition.format(ds=dataset, call=CALL.format(ds=ds)))
    assert new_calls() == []


def test_a_failed_create_with_columns_leaves_no_table(rows, bigquery, dataset, ds):
    call = CALL.format(ds=ds)
    with pytest.raises(BadRequest):
        rows(f"CREATE TABLE {dataset}.t (uri STRING) AS SELECT e.uri FROM {call} AS e WHERE 1 / 0 > e.size")
    with pytest.raises(NotFound):
        bigquery.get_table(f"{dataset}.t")


def test_input_columns_and_variables_may_have_any_name(rows, ds):
    sql = """
    DECLARE e, q, r, a, vector, status STRING DEFAULT 'variable';
    FOR r IN (SELECT 'in a loop' AS text) DO
      CREATE OR REPLACE TEMP TABLE t AS SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model,
        (SELECT r.text AS content, 'column' AS status, 1 AS vector, 2 AS e, 3 AS q));
    END FOR;
    SELECT t.content, t.status, t.vector, t.e, t.q, t.ml_generate_embedding_status AS s FROM t
    """
    [row] = rows(sql.format(ds=ds))
    assert tuple(row.values()) == ("in a loop", "column", 1, 2, 3, "")


def test_a_loop_embeds_until_nothing_is_left(rows, dataset, ds, new_calls):
    rows(
        f"""
        DECLARE done INT64 DEFAULT 1;
        CREATE TABLE {dataset}.t (uri STRING, v ARRAY<FLOAT64>);
        WHILE done > 0 DO
          INSERT INTO {dataset}.t (uri, v)
          SELECT uri, ml_generate_embedding_result FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model,
            (SELECT * FROM {ds}.images WHERE uri NOT IN (SELECT uri FROM {dataset}.t)
             AND size < 1000 AND size > 50 LIMIT 2));
          SET done = @@row_count;
        END WHILE;
        """
    )
    assert [row.n for row in rows(f"SELECT COUNT(DISTINCT uri) AS n FROM {dataset}.t")] == [4]
    assert len(new_calls()) == 4


def test_ctes_of_the_statement_reach_the_input(rows, ds):
    sql = """WITH a AS (SELECT 'one' AS content), b AS (SELECT content, 2 AS n FROM a)
    SELECT content, n FROM {call} JOIN a USING (content)"""
    [row] = rows(sql.format(call=TEXT.format(ds=ds, source="TABLE b")))
    assert (row.content, row.n) == ("one", 2)


def test_one_call_feeds_another(rows, ds, new_calls):
    inner = TEXT.format(ds=ds, source="(SELECT 'red' AS content)")
    outer = TEXT.format(ds=ds, source=f"(SELECT CONCAT(content, ' car') AS content FROM {inner})")
    assert [row.content for row in rows(f"SELECT content FROM {outer}")] == ["red car"]
    assert len(new_calls()) == 2


def test_positional_parameters_keep_their_order(bigquery, ds):
    sql = (
        f"SELECT ? AS a, content FROM {TEXT.format(ds=ds, source='(SELECT ? AS content)')} WHERE content = ?"
    )
    values = [ScalarQueryParameter(None, "STRING", value) for value in ("first", "second", "second")]
    [row] = bigquery.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=values))
    assert (row.a, row.content) == ("first", "second")


def test_a_destination_table_is_filled(bigquery, dataset, ds):
    config = QueryJobConfig(destination=f"demo-project.{dataset}.t", write_disposition="WRITE_TRUNCATE")
    bigquery.query(
        f"SELECT uri, ml_generate_embedding_result FROM {CALL.format(ds=ds)}", job_config=config
    ).result()
    assert bigquery.get_table(f"{dataset}.t").num_rows == 1
