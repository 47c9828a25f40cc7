"""ML.GENERATE_EMBEDDING and AI.GENERATE_EMBEDDING: columns, statuses, options, what the input may be."""

import pytest
from documented import AUTONOMOUS, GENERATE, MULTIMODAL, TYPES, VERTEX, VISUAL, documented
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import QueryJobConfig

SECTION = "Model calls"
OBJECT_COLUMNS = ["uri", "generation", "content_type", "size", "md5_hash", "updated", "metadata", "ref"]
ML = ["ml_generate_embedding_result", "ml_generate_embedding_status"]
ML_SECONDS = ["ml_generate_embedding_start_sec", "ml_generate_embedding_end_sec"]


@pytest.fixture
def columns(bigquery):
    """Names and types of a query's columns, by dry run."""

    def columns(sql: str) -> list[tuple[str, str, str]]:
        job = bigquery.query(sql, job_config=QueryJobConfig(dry_run=True))
        return [(field.name, field.field_type, field.mode) for field in job.schema]

    return columns


@pytest.fixture
def ml(model, images):
    """A call of ML.GENERATE_EMBEDDING over some of the images."""
    return lambda where, select="*": (
        f"SELECT {select} FROM ML.GENERATE_EMBEDDING(MODEL {model}, (SELECT * FROM {images} WHERE {where}))"
    )


@documented(
    SECTION, "ML. over an object table: vector, status, two seconds, then the input's columns", GENERATE
)
def test_columns_of_images(columns, ml):
    found = columns(ml("TRUE"))
    assert [name for name, *_ in found] == ML + ML_SECONDS + OBJECT_COLUMNS
    assert [kind for _, *kind in found[:4]] == [
        ["FLOAT", "REPEATED"],
        ["STRING", "NULLABLE"],
        ["INTEGER", "NULLABLE"],
        ["INTEGER", "NULLABLE"],
    ]


@documented(SECTION, "AI. names them `embedding`, `status`, `video_start_sec`, `video_end_sec`", GENERATE)
def test_columns_of_the_ai_function(columns, model, images):
    found = columns(f"SELECT * FROM AI.GENERATE_EMBEDDING(MODEL {model}, TABLE {images})")
    own = ["embedding", "status", "video_start_sec", "video_end_sec"]
    assert [name for name, *_ in found] == own + OBJECT_COLUMNS


@documented(SECTION, "Over text there are no columns of seconds", GENERATE)
@pytest.mark.parametrize(("function", "own"), [("ML", ML), ("AI", ["embedding", "status"])])
def test_columns_of_text(columns, model, function, own):
    text = "(SELECT 'a' AS content, 1 AS id)"
    found = columns(f"SELECT * FROM {function}.GENERATE_EMBEDDING(MODEL {model}, {text})")
    assert [name for name, *_ in found] == [*own, "content", "id"]


@documented(SECTION, "multimodalembedding@001 returns no column of statistics", VISUAL)
def test_no_statistics(columns, ml):
    with pytest.raises(BadRequest):
        columns(ml("TRUE", "ml_generate_embedding_statistics"))


@documented(SECTION, "Success is the empty string; seconds are NULL for an image", GENERATE)
def test_success(service, ml):
    [row] = service.ask(ml("uri LIKE '%/red.png'", ", ".join(ML + ML_SECONDS)))
    assert len(row[0]) == 1408
    assert row[1:] == ("", None, None)


@documented(
    SECTION, "The job succeeds though rows fail; their status says why, their vector is empty", GENERATE
)
def test_failed_rows(bigquery, ml):
    job = bigquery.query(ml("uri NOT LIKE '%/red.png'"))
    rows = list(job.result())
    assert (job.state, job.error_result) == ("DONE", None)
    failed = {row.uri.rpartition("/")[2]: row for row in rows if row.ml_generate_embedding_status != ""}
    assert set(failed) == {"broken.png", "note.txt"}
    assert all(row.ml_generate_embedding_result == [] for row in failed.values())
    assert all(row.ml_generate_embedding_status for row in failed.values())
    assert len(rows) == 5


@documented(SECTION, "A stored failure has an empty array, never NULL", TYPES + "#array_nulls")
def test_stored_failures(service, dataset, ml):
    service.ask(f"CREATE TABLE {dataset}.t AS {ml("uri LIKE '%/broken.png'", ', '.join(ML))}")
    found = f"SELECT {ML[0]} IS NULL, ARRAY_LENGTH({ML[0]}) FROM {dataset}.t"
    assert service.ask(found) == [(False, 0)]


@documented(SECTION, "NULL content fails on its row with a documented status", AUTONOMOUS)
def test_null(service, model):
    text = "(SELECT CAST(NULL AS STRING) AS content)"
    [row] = service.ask(f"SELECT status, embedding FROM AI.GENERATE_EMBEDDING(MODEL {model}, {text})")
    assert row == ("NULL value is not supported for embedding generation", [])


@documented(
    SECTION,
    "A text of more than 1,024 bytes fails on its row",
    "observed: archestra-ai/archestra",
    "2026-08-21",
)
@pytest.mark.parametrize(("length", "fails"), [(1024, False), (1025, True)])
def test_long_texts(service, model, length, fails):
    text = f"(SELECT REPEAT('x', {length}) AS content)"
    [(status,)] = service.ask(f"SELECT status FROM AI.GENERATE_EMBEDDING(MODEL {model}, {text})")
    assert ("Text field must be smaller than 1024 characters" in status) is fails


@documented(SECTION, "`output_dimensionality` is 128, 256, 512 or 1408", VISUAL)
@pytest.mark.parametrize("dimension", [128, 256, 512, 1408])
def test_dimensions(service, model, dimension):
    options = f"STRUCT({dimension} AS output_dimensionality)"
    call = f"AI.GENERATE_EMBEDDING(MODEL {model}, (SELECT 'a red car' AS content), {options})"
    assert service.ask(f"SELECT status, ARRAY_LENGTH(embedding) FROM {call}") == [("", dimension)]


@documented(
    SECTION, "`flatten_json_output => FALSE` returns JSON with `imageEmbedding` or `textEmbedding`", GENERATE
)
def test_json(service, model, images):
    options = "STRUCT(FALSE AS flatten_json_output, 128 AS output_dimensionality)"
    for source, key in (
        (f"(SELECT * FROM {images} WHERE uri LIKE '%/red.png')", "imageEmbedding"),
        ("(SELECT 'a' AS content)", "textEmbedding"),
    ):
        call = f"ML.GENERATE_EMBEDDING(MODEL {model}, {source}, {options})"
        assert service.ask(f"SELECT ARRAY_LENGTH(JSON_QUERY_ARRAY({ML[0]}.{key})) FROM {call}") == [(128,)]


@documented(SECTION, "`flatten_json_output` is an option of ML. only", GENERATE)
def test_json_is_for_ml(service, model):
    with pytest.raises(BadRequest):
        service.ask(
            f"SELECT * FROM AI.GENERATE_EMBEDDING(MODEL {model}, (SELECT 'a' AS content), "
            "STRUCT(TRUE AS flatten_json_output))"
        )


@documented(SECTION, "Text is read from a STRING column named `content`; without one the job fails", GENERATE)
def test_content(service, model):
    with pytest.raises(BadRequest):
        service.ask(f"SELECT * FROM AI.GENERATE_EMBEDDING(MODEL {model}, (SELECT 'x' AS words))")


@documented(SECTION, "A query over an object table has WHERE, ORDER BY and LIMIT only", GENERATE)
@pytest.mark.parametrize(
    "query",
    [
        "SELECT uri, COUNT(*) AS n FROM {i} GROUP BY uri",
        "SELECT DISTINCT uri FROM {i}",
        "SELECT a.* FROM {i} AS a JOIN {i} AS b USING (uri)",
        "SELECT * FROM {i} UNION ALL SELECT * FROM {i}",
    ],
)
def test_other_clauses(service, model, images, query):
    with pytest.raises(BadRequest):
        service.ask(f"SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {model}, ({query.format(i=images)}))")


@documented(SECTION, "That WHERE may hold a subquery on another table", "observed: dolr-ai")
def test_a_subquery(service, dataset, model, images):
    service.ask(f"CREATE TABLE {dataset}.done AS SELECT uri FROM {images} WHERE uri NOT LIKE '%/blue.png'")
    query = f"SELECT * FROM {images} WHERE uri NOT IN (SELECT uri FROM {dataset}.done) ORDER BY uri LIMIT 10"
    [(uri,)] = service.ask(f"SELECT uri FROM AI.GENERATE_EMBEDDING(MODEL {model}, ({query}))")
    assert uri.endswith("/blue.png")


@documented(SECTION, "Images and texts have vectors in one space", VERTEX)
def test_one_space(service, model, images):
    nearest = service.ask(
        f"""
        SELECT image.uri
        FROM AI.GENERATE_EMBEDDING(MODEL {model}, (SELECT * FROM {images} WHERE size < 1000)) AS image
        CROSS JOIN AI.GENERATE_EMBEDDING(MODEL {model}, (SELECT 'the colour blue' AS content)) AS word
        WHERE image.status = '' ORDER BY COSINE_DISTANCE(image.embedding, word.embedding) LIMIT 1
        """
    )
    assert nearest[0][0].endswith("/blue.png")


@documented(SECTION, "A model that does not exist is a 404", GENERATE)
def test_no_model(service, dataset):
    with pytest.raises(NotFound, match="Not found: Model"):
        service.ask(f"SELECT * FROM AI.GENERATE_EMBEDDING(MODEL {dataset}.no_model, (SELECT 'x' AS content))")


@documented(SECTION, "The tutorial's steps: embed a table, embed a word, search", MULTIMODAL)
def test_the_tutorial(service, dataset, model, images):
    service.ask(
        f"CREATE TABLE {dataset}.embeddings AS SELECT * FROM AI.GENERATE_EMBEDDING(MODEL {model}, "
        f"(SELECT * FROM {images} WHERE content_type = 'image/png' LIMIT 10000))"
    )
    service.ask(f"DELETE FROM {dataset}.embeddings WHERE status != ''")
    word = f"AI.GENERATE_EMBEDDING(MODEL {model}, (SELECT 'the colour red' AS content))"
    service.ask(f"CREATE TABLE {dataset}.word AS SELECT * FROM {word}")
    found = service.ask(
        f"SELECT base.uri, distance FROM VECTOR_SEARCH(TABLE {dataset}.embeddings, 'embedding', "
        f"TABLE {dataset}.word, 'embedding', top_k => 3, distance_type => 'COSINE') ORDER BY distance"
    )
    assert found[0][0].endswith("/red.png")
    assert len(found) == 3
