"""gemini-embedding-2: another vector space than multimodalembedding@001, with limits of its own."""

import io
import itertools

import pictures
import pytest
from documented import EMBED, GEMINI, GENERATE, VERTEX, VISUAL, documented
from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import QueryJobConfig
from PIL import Image

SECTION = "Model calls"
CREATE = "CREATE MODEL {name} REMOTE WITH CONNECTION DEFAULT OPTIONS (ENDPOINT = '{endpoint}')"
PREVIEW = "gemini-embedding-2-preview"
URL = (
    "https://{location}-aiplatform.googleapis.com/v1/projects/p/locations/{location}/publishers/google/models/"
    + PREVIEW
)


@pytest.fixture(scope="module")
def gemini(service, shared_dataset, model) -> str:
    """The name of a remote model; `model` has seen to it that the connection has its role."""
    name = f"{shared_dataset}.gemini"
    service.ask(CREATE.format(name=name, endpoint="gemini-embedding-2"))
    return name


@pytest.fixture
def embed(service, gemini):
    """Columns of the embedding of a query's rows."""

    def embed(select: str, query: str, dimension: int | None = None, model: str = gemini) -> list[tuple]:
        options = "" if dimension is None else f", STRUCT({dimension} AS output_dimensionality)"
        return service.ask(f"SELECT {select} FROM AI.GENERATE_EMBEDDING(MODEL {model}, ({query}){options})")

    return embed


@documented("Remote models", "`gemini-embedding-2` and its preview are endpoints", VISUAL)
@pytest.mark.parametrize("endpoint", [PREVIEW, URL.format(location="us-central1")])
def test_endpoints(service, bigquery, dataset, model, endpoint):
    service.ask(CREATE.format(name=f"{dataset}.m", endpoint=endpoint))
    assert bigquery.get_model(f"{dataset}.m").to_api_repr()["remoteModelInfo"]["endpoint"] == endpoint


@documented("Remote models", "… in the locations US and us-central1 only", GENERATE + "#locations")
def test_locations(service, bigquery, dataset, model):
    with pytest.raises(BadRequest):
        service.ask(CREATE.format(name=f"{dataset}.m", endpoint=URL.format(location="europe-west4")))


@documented(SECTION, "gemini-embedding-2 has 128 to 3,072 dimensions, 3,072 by default", VERTEX)
@pytest.mark.parametrize(("asked", "dimension"), [(None, 3072), (128, 128), (1000, 1000), (3072, 3072)])
def test_dimensions(embed, asked, dimension):
    select = "status, ARRAY_LENGTH(embedding)"
    assert embed(select, "SELECT 'a red car' AS content", asked) == [("", dimension)]


@documented(SECTION, "… and refuses others", VERTEX)
def test_too_many_dimensions(embed):
    with pytest.raises(BadRequest):
        embed("*", "SELECT 'a red car' AS content", 3073)


@documented(SECTION, "… its shorter vectors, too, are of unit length", VERTEX)
def test_unit_length(embed):
    length = "SQRT((SELECT SUM(x * x) FROM UNNEST(embedding) AS x))"
    [(found,)] = embed(length, "SELECT 'a red car' AS content", 768)
    assert found == pytest.approx(1, abs=1e-4)


@documented(SECTION, "It returns `statistics` and no columns of seconds", GENERATE)
def test_columns(bigquery, gemini, images):
    def columns(function: str) -> list[tuple[str, str]]:
        sql = f"SELECT * EXCEPT (ref) FROM {function}.GENERATE_EMBEDDING(MODEL {gemini}, TABLE {images})"
        schema = bigquery.query(sql, job_config=QueryJobConfig(dry_run=True)).schema
        return [(field.name, field.field_type) for field in itertools.islice(schema, 4)]

    names = [("embedding", "FLOAT"), ("status", "STRING"), ("statistics", "JSON"), ("uri", "STRING")]
    assert columns("AI") == names
    long = [
        "ml_generate_embedding_result",
        "ml_generate_embedding_status",
        "ml_generate_embedding_statistics",
    ]
    assert columns("ML") == [*zip(long, ["FLOAT", "STRING", "JSON"], strict=True), ("uri", "STRING")]


@documented(SECTION, "A text of more than 1,024 bytes is embedded by gemini-embedding-2", EMBED)
def test_long_texts(embed):
    query = "SELECT REPEAT('word ', 1000) AS content"
    assert embed("status", query, 128) == [("",)]


@documented(SECTION, "… and cut off without a word after 8,192 tokens", VERTEX)
def test_longest_texts(embed):
    text = "(SELECT STRING_AGG(CONCAT('w', n), ' ') FROM UNNEST(GENERATE_ARRAY(1, {words})) AS n)"
    rows = embed("status", f"SELECT {text.format(words=9000)} AS content", 128)
    assert rows == [("",)]


def encoded(kind: str) -> bytes:
    """A small picture as a file of that kind."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(pictures.png(pictures.COLOURS["red"]))).save(buffer, kind)
    return buffer.getvalue()


@documented(SECTION, "Images that gemini-embedding-2 does not name fail on their rows", GEMINI)
def test_image_types(service, gemini, folder, dataset):
    for kind in ("png", "gif"):
        folder.put(f"red.{kind}", encoded(kind), f"image/{kind}")
    service.ask(
        f"CREATE EXTERNAL TABLE {dataset}.kinds WITH CONNECTION DEFAULT "
        f"OPTIONS (object_metadata = 'SIMPLE', uris = ['{folder.uri}/*'])"
    )
    found = service.ask(
        f"SELECT content_type, status = '' FROM AI.GENERATE_EMBEDDING(MODEL {gemini}, TABLE {dataset}.kinds)"
    )
    assert sorted(found) == [("image/gif", False), ("image/png", True)]


@documented(SECTION, "Images and texts have vectors in one space of gemini-embedding-2", VERTEX)
def test_one_space(service, gemini, images):
    nearest = service.ask(
        f"""
        SELECT image.uri
        FROM AI.GENERATE_EMBEDDING(MODEL {gemini}, (SELECT * FROM {images} WHERE size < 1000)) AS image
        CROSS JOIN AI.GENERATE_EMBEDDING(MODEL {gemini}, (SELECT 'the colour blue' AS content)) AS word
        WHERE image.status = '' ORDER BY COSINE_DISTANCE(image.embedding, word.embedding) LIMIT 1
        """
    )
    assert nearest[0][0].endswith("/blue.png")


@documented(SECTION, "Vectors of two models have nothing in common, whatever their length", GENERATE)
def test_two_spaces(embed, model):
    query = "SELECT 'a red car' AS content"
    [(one,)], [(other,)] = embed("embedding", query, 512, model), embed("embedding", query, 512)
    assert abs(sum(a * b for a, b in zip(one, other, strict=True))) < 0.2
