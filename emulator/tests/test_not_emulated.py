"""What BigQuery has and the emulator has not says so: "not emulated: …", or does what its row here says."""

import pictures
import pytest
from documented import (
    AUTONOMOUS,
    CREATE_MODEL,
    DDL,
    DEFAULT_CONNECTION,
    DOCS,
    ERRORS,
    GENERATE,
    JOB,
    METADATA_CACHE,
    OBJECT_REF_FUNCTIONS,
    OBJECT_TABLE,
    QUOTAS,
    REST,
    SEARCH,
    SQL,
    not_emulated,
)
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.bigquery import Dataset, QueryJobConfig
from vector_data import load, vectors

from bqml_emulator.analyzer import missing

CREATE_INDEX = "CREATE VECTOR INDEX ix ON {ds}.vectors(embedding) CLAUSE OPTIONS (index_type = 'TREE_AH')"
VECTOR_OF_ONE = "TABLE {ds}.vectors, 'embedding', query_value => [1.0, 2.0]"
GENERATED = (
    "GENERATED ALWAYS AS (AI.EMBED(content, endpoint => 'multimodalembedding@001')) "
    "STORED OPTIONS (asynchronous = TRUE)"
)
STATEMENTS = [
    (
        "Object tables",
        "External tables over files (CSV, Parquet, …)",
        DDL,
        "CREATE EXTERNAL TABLE {ds}.t OPTIONS (format = 'CSV', uris = ['gs://bucket/*.csv'])",
    ),
    (
        "Object tables",
        "`EXTERNAL_OBJECT_TRANSFORM`: signed URLs",
        SQL + "table-functions-built-in",
        "SELECT * FROM EXTERNAL_OBJECT_TRANSFORM(TABLE {ds}.images, ['SIGNED_URL'])",
    ),
    (
        "Object tables",
        "`ML.DECODE_IMAGE` and the `data` pseudocolumn",
        OBJECT_TABLE,
        "SELECT ML.DECODE_IMAGE(uri) FROM {ds}.images",
    ),
    (
        "ObjectRef",
        "URLs that modify an object (`OBJ.GET_ACCESS_URL` with mode `rw`)",
        OBJECT_REF_FUNCTIONS,
        "SELECT OBJ.GET_ACCESS_URL(OBJ.MAKE_REF('gs://bucket/a.png', 'us.connection'), 'rw')",
    ),
    (
        "Object tables",
        "Refreshing a part of a metadata cache",
        DOCS + "reference/system-procedures",
        "CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{ds}.images', ['gs://bucket/a/*'])",
    ),
    (
        "Connections",
        "Connections of other types than CLOUD_RESOURCE",
        DDL,
        'CREATE CONNECTION x OPTIONS (connection_type = "CLOUD_SQL")',
    ),
    (
        "Connections",
        "Connections in other locations than US",
        DDL,
        'CREATE CONNECTION `eu.x` OPTIONS (connection_type = "CLOUD_RESOURCE")',
    ),
    (
        "Connections",
        "`CREATE OR REPLACE CONNECTION`, `ALTER CONNECTION`",
        DDL,
        'ALTER CONNECTION `us.x` SET OPTIONS (friendly_name = "x")',
    ),
    (
        "Connections",
        "Another default connection (`ALTER PROJECT`)",
        DEFAULT_CONNECTION,
        "ALTER PROJECT `demo-project` SET OPTIONS (`region-us.default_cloud_resource_connection_id` = 'x')",
    ),
    (
        "Connections",
        "Grants on datasets, tables and connections",
        SQL + "data-control-language",
        'GRANT `roles/bigquery.dataViewer` ON SCHEMA {ds} TO "user:a@example.com"',
    ),
    (
        "Remote models",
        "Other endpoints than multimodalembedding@001 and gemini-embedding-2",
        CREATE_MODEL,
        "CREATE MODEL {ds}.m REMOTE WITH CONNECTION DEFAULT OPTIONS (ENDPOINT = 'gemini-embedding-001')",
    ),
    (
        "Remote models",
        "Remote services (`REMOTE_SERVICE_TYPE`)",
        DDL,
        "CREATE MODEL {ds}.m REMOTE WITH CONNECTION DEFAULT OPTIONS (REMOTE_SERVICE_TYPE = 'x')",
    ),
    (
        "Remote models",
        "Models trained in or imported to BigQuery",
        DDL,
        "CREATE MODEL {ds}.m OPTIONS (model_type = 'LINEAR_REG') AS SELECT 1 AS x, 2 AS label",
    ),
    (
        "Remote models",
        "`EXPORT MODEL`",
        SQL + "bigqueryml-syntax-export-model",
        "EXPORT MODEL {ds}.model OPTIONS (uri = 'gs://bucket/model')",
    ),
    (
        "Model calls",
        "Segments of a video: `start_second`, `end_second`, `interval_seconds`",
        GENERATE,
        "SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {ds}.model, TABLE {ds}.images, "
        "STRUCT(5 AS interval_seconds))",
    ),
    (
        "Model calls",
        "Several contents in a STRUCT, as gemini-embedding-2 takes them",
        GENERATE,
        "CREATE MODEL {ds}.gemini REMOTE WITH CONNECTION DEFAULT OPTIONS (ENDPOINT = 'gemini-embedding-2'); "
        "SELECT * FROM AI.GENERATE_EMBEDDING(MODEL {ds}.gemini, "
        "(SELECT ('a tank', OBJ.MAKE_REF('gs://bucket/a.png')) AS content))",
    ),
    (
        "Model calls",
        "`AI.EMBED`",
        SQL + "bigqueryml-syntax-ai-embed",
        "SELECT AI.EMBED('a red car', endpoint => 'multimodalembedding@001')",
    ),
    (
        "Model calls",
        "`AI.SIMILARITY`",
        SQL + "bigqueryml-syntax-ai-similarity",
        "SELECT AI.SIMILARITY('a', 'b', endpoint => 'multimodalembedding@001')",
    ),
    (
        "Model calls",
        "Autonomous embedding: a column GENERATED ALWAYS AS (AI.EMBED(…))",
        AUTONOMOUS,
        "CREATE TABLE {ds}.t (content STRING, e STRUCT<result ARRAY<FLOAT64>, status STRING> "
        + GENERATED
        + ")",
    ),
    (
        "Model calls",
        "… added to a table",
        AUTONOMOUS,
        "ALTER TABLE {ds}.words ADD COLUMN e STRUCT<result ARRAY<FLOAT64>, status STRING> " + GENERATED,
    ),
    (
        "Model calls",
        "Other functions of models: `ML.PREDICT`, `ML.GENERATE_TEXT`, `ML.ANNOTATE_IMAGE`, …",
        SQL + "bigqueryml-syntax-predict",
        "SELECT * FROM ML.PREDICT(MODEL {ds}.model, TABLE {ds}.images)",
    ),
    ("Model calls", "`AI.GENERATE`", SQL + "bigqueryml-syntax-ai-generate", "SELECT AI.GENERATE('a poem')"),
    (
        "Vector index",
        "Partitioned TREE_AH (`PARTITION BY`)",
        DDL,
        CREATE_INDEX.replace("CLAUSE", "PARTITION BY n"),
    ),
    (
        "Vector index",
        "`normalization_type` L2 of TREE_AH",
        DDL,
        CREATE_INDEX.replace("CLAUSE", "").replace(
            "'TREE_AH'", """'TREE_AH', tree_ah_options = '{{"normalization_type": "L2"}}'"""
        ),
    ),
    (
        "Vector index",
        "Hybrid search (`lexical_search_columns`)",
        DDL,
        CREATE_INDEX.replace("CLAUSE", "STORING(kind)").replace(
            "'TREE_AH'", "'IVF', lexical_search_columns = ['kind']"
        ),
    ),
    (
        "Vector index",
        "Reservations by SQL; a fault stands for a BACKGROUND reservation",
        DDL,
        "CREATE ASSIGNMENT `demo-project.region-us.r.a` OPTIONS (job_type = 'BACKGROUND')",
    ),
    (
        "Vector search",
        "Hybrid search (`lexical_search_columns`, `lexical_search_query_value`)",
        SEARCH,
        "SELECT * FROM VECTOR_SEARCH(" + VECTOR_OF_ONE + ", lexical_search_query_value => 'x')",
    ),
    (
        "Vector search",
        "`AI.SEARCH`",
        SEARCH,
        "SELECT * FROM AI.SEARCH(TABLE {ds}.words, 'content', 'a word')",
    ),
    (
        "Vector search",
        "Distances of sparse vectors, lists of (dimension, value)",
        SQL + "mathematical_functions#cosine_distance",
        "SELECT COSINE_DISTANCE([(1, 1.0)], [(2, 1.0)])",
    ),
    (
        "Jobs",
        "Geography functions",
        SQL + "geography_functions",
        "SELECT ST_DISTANCE(ST_GEOGPOINT(1, 2), ST_GEOGPOINT(1, 3))",
    ),
    (
        "Jobs",
        "Scripts: `@@time_zone`, bytes and slots of a script",
        DOCS + "reference/system-variables",
        "SET @@time_zone = 'Asia/Tokyo'",
    ),
    (
        "Jobs",
        "Procedures in other languages than SQL",
        DDL,
        "CREATE PROCEDURE {ds}.p() WITH CONNECTION `us.c` OPTIONS (engine = 'SPARK') LANGUAGE PYTHON AS 'x'",
    ),
    (
        "Changes of tables",
        "Going on with a transaction after a failed statement",
        DOCS + "transactions",
        "BEGIN TRANSACTION; BEGIN SELECT ERROR('x'); EXCEPTION WHEN ERROR THEN SELECT 1; END; "
        "COMMIT TRANSACTION",
    ),
]


@pytest.fixture(scope="module")
def ds(emulator):
    """A dataset with images, model, words and vectors."""
    pictures.setup(emulator, "missing", "missing", {"red.png": pictures.png(pictures.COLOURS["red"])})
    emulator.upload("missing", {"clip.mp4": b"moving"}, "video/mp4")
    client = emulator.bigquery()
    client.query_and_wait("CREATE TABLE missing.words AS SELECT 'a' AS content")
    load(client, "missing.vectors", vectors(5_000, 2))
    yield "missing"
    client.query_and_wait("DROP SCHEMA missing CASCADE")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(statement, marks=not_emulated(section, feature, source), id=feature)
        for section, feature, source, statement in STATEMENTS
    ],
)
def test_it_says_so(bigquery, ds, statement):
    with pytest.raises(GoogleAPICallError, match="not emulated: "):
        bigquery.query_and_wait(statement.format(ds=ds))


@not_emulated(
    "Model calls", "Videos: their rows have the status `not emulated: embedding of a video`", GENERATE
)
def test_videos(bigquery, ds):
    call = f"AI.GENERATE_EMBEDDING(MODEL {ds}.model, (SELECT * FROM {ds}.images WHERE uri LIKE '%mp4'))"
    assert [row.status for row in bigquery.query_and_wait(f"SELECT status FROM {call}")] == [
        "not emulated: embedding of a video"
    ]


@not_emulated("Model calls", "`genAiStats` of a job are absent: nobody says if embeddings have them", JOB)
def test_statistics_of_models(bigquery, ds):
    job = bigquery.query(f"SELECT * FROM AI.GENERATE_EMBEDDING(MODEL {ds}.model, TABLE {ds}.images)")
    job.result()
    assert "genAiStats" not in bigquery.get_job(job.job_id)._properties["statistics"]["query"]


@not_emulated(
    "Object tables", "A cache of mode AUTOMATIC: the bucket is listed at every query", METADATA_CACHE
)
def test_automatic_caches(bigquery, emulator, dataset):
    bigquery.query_and_wait(
        f"CREATE EXTERNAL TABLE {dataset}.t WITH CONNECTION DEFAULT OPTIONS (object_metadata = 'SIMPLE', "
        "uris = ['gs://automatic/*'], max_staleness = INTERVAL 1 DAY, metadata_cache_mode = 'AUTOMATIC')"
    )
    for count in (1, 2):
        emulator.upload("automatic", {f"{count}.png": b"x"})
        assert len(list(bigquery.query_and_wait(f"SELECT uri FROM {dataset}.t"))) == count


@not_emulated(
    "Jobs", "Locations: a dataset's is kept, but its queries run wherever they are sent", DOCS + "locations"
)
def test_locations(bigquery):
    dataset = Dataset(f"{bigquery.project}.somewhere_else")
    dataset.location = "EU"
    assert bigquery.create_dataset(dataset).location == "EU"
    bigquery.query_and_wait("CREATE TABLE somewhere_else.t AS SELECT 1 AS x", location="US")
    bigquery.delete_dataset(dataset, delete_contents=True)
    bigquery.query_and_wait("CREATE SCHEMA elsewhere OPTIONS (location = 'EU', description = 'far')")
    found = bigquery.get_dataset("elsewhere")
    assert (found.location, found.description) == ("EU", "far")
    bigquery.delete_dataset("elsewhere")


@not_emulated(
    "Jobs",
    "Permissions of the caller: everybody may do everything (a connection may not)",
    ERRORS,
)
def test_callers(bigquery, dataset):
    assert bigquery._credentials.token is None
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64); DROP TABLE {dataset}.t")


@not_emulated("Jobs", "Bytes of object tables: they are not counted", REST + "Job#JobStatistics2")
def test_bytes(bigquery, ds):
    job = bigquery.query(f"SELECT * FROM {ds}.images", job_config=QueryJobConfig(dry_run=True))
    assert job.total_bytes_processed == 0


@not_emulated("Jobs", "Slots: `totalSlotMs` is absent", JOB)
def test_slots(bigquery):
    job = bigquery.query("SELECT 1")
    job.result()
    assert "totalSlotMs" not in bigquery.get_job(job.job_id)._properties["statistics"]


@not_emulated("Jobs", "Cached results: `cacheHit` is never true", DOCS + "cached-results")
def test_cached_results(bigquery, ds):
    for _ in range(2):
        job = bigquery.query(f"SELECT content FROM {ds}.words")
        job.result()
        assert job.cache_hit is False


@not_emulated(
    "Changes of tables", "Rate limits on changes of tables (5 in 10 s, 1,500 a day) are not enforced", QUOTAS
)
def test_rates(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64)")
    for number in range(8):
        bigquery.query_and_wait(f"ALTER TABLE {dataset}.t SET OPTIONS (description = '{number}')")


def test_comments_and_strings_name_no_feature(bigquery):
    with pytest.raises(GoogleAPICallError, match="Syntax error"):
        bigquery.query_and_wait("SELECT 'AI.SEARCH(' -- ALTER PROJECT\nFROM FROM")


@pytest.mark.parametrize(
    ("said", "function"),
    [
        ("Function not found: KLL_QUANTILES.INIT_INT64 at [1:8]", "KLL_QUANTILES.INIT_INT64"),
        (
            'Scalar Function with name "kll_quantiles_init_int64" is not',
            "KLL_QUANTILES.INIT_INT64",
        ),
        ("Function not found: hll_count.merge", "HLL_COUNT.MERGE"),
        ("Function not found: st_distance at [1:8]", "ST_DISTANCE"),
        ("Table-valued function not found: ML.FORECAST", "ML.FORECAST"),
        ("Function not found: nobodys", None),
        ("Unrecognized name: ST_DISTANCE", None),
    ],
)
def test_a_function_that_is_missing_is_named_whoever_misses_it(said, function):
    assert missing.function_in(said) == function
