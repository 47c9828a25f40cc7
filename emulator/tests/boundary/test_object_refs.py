"""ObjectRef values: the functions that make and read them, and what embeds them."""

import hashlib
import json
import urllib.request
from datetime import datetime

import pictures
import pytest
from documented import GENERATE, OBJECT_REF, OBJECT_REF_FUNCTIONS, documented
from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import QueryJobConfig

SECTION = "ObjectRef"
CONNECTION = "us.__default_cloudresource_connection__"
DENIED = (
    "Connection credential for projects/{project}/locations/us/connections/no_such cannot be used. Either "
    "the connection does not exist, or the user does not have sufficient permissions to use it."
)


@pytest.fixture
def one(service):
    """The single value of an expression."""

    def one(expression: str):
        [(value,)] = service.ask(f"SELECT {expression}")
        return json.loads(value) if isinstance(value, str) and value[:1] == "{" else value

    return one


@pytest.fixture
def red(images, service) -> str:
    """The uri of the red image; `images` has made the default connection and given it what it needs."""
    [(uri,)] = service.ask(f"SELECT uri FROM {images} WHERE uri LIKE '%/red.png'")
    return uri


@documented(SECTION, "An ObjectRef has uri, version, authorizer and details", OBJECT_REF)
def test_the_type(bigquery, one):
    config = QueryJobConfig(dry_run=True)
    [field] = bigquery.query(f"SELECT OBJ.MAKE_REF('gs://b/a', '{CONNECTION}') AS ref", config).schema
    assert [(f.name, f.field_type) for f in field.fields] == [
        ("uri", "STRING"),
        ("version", "STRING"),
        ("authorizer", "STRING"),
        ("details", "JSON"),
    ]


@documented(SECTION, "OBJ.MAKE_REF takes uri, authorizer, version and details", OBJECT_REF_FUNCTIONS)
@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        ("'gs://b/a.png'", ("gs://b/a.png", None, None, None)),
        ("'gs://b/a.png', 'us.c'", ("gs://b/a.png", None, "us.c", None)),
        ("'gs://b/a.png', authorizer => 'us.c', version => '7'", ("gs://b/a.png", "7", "us.c", None)),
        (
            "'gs://b/a.png', details => JSON '{\"size\": 3}'",
            ("gs://b/a.png", None, None, {"gcs_metadata": {"size": 3}}),
        ),
        ('JSON \'{"uri": "gs://b/a.png", "authorizer": "us.c"}\'', ("gs://b/a.png", None, "us.c", None)),
    ],
)
def test_make_ref(one, arguments, made):
    assert one(f"OBJ.MAKE_REF({arguments})") == dict(
        zip(("uri", "version", "authorizer", "details"), made, strict=True)
    )


@documented(SECTION, "OBJ.MAKE_REF gives an ObjectRef another authorizer, or none", OBJECT_REF)
@pytest.mark.parametrize(
    ("arguments", "authorizer"), [("'us.d'", "us.d"), ("authorizer => NULL", None), ("'p.us.d'", "p.us.d")]
)
def test_another_authorizer(one, arguments, authorizer):
    made = one(f"OBJ.MAKE_REF(OBJ.MAKE_REF('gs://b/a', 'us.c', version => '7'), {arguments})")
    assert (made["uri"], made["version"], made["authorizer"]) == ("gs://b/a", "7", authorizer)


@documented(
    SECTION, "OBJ.MAKE_REF looks at the format of its input, not at what is there", OBJECT_REF_FUNCTIONS
)
@pytest.mark.parametrize("arguments", ["'http://b/a.png'", "'gs://b/a', 'one'"])
def test_bad_formats(one, arguments):
    with pytest.raises(BadRequest):
        one(f"OBJ.MAKE_REF({arguments})")


@documented(SECTION, "OBJ.FETCH_METADATA fills in version, authorizer and details", OBJECT_REF_FUNCTIONS)
def test_fetch_metadata(service, bigquery, one, red):
    blob = service.storage.bucket(service.bucket).get_blob(red.removeprefix(f"gs://{service.bucket}/"))
    found = one(f"OBJ.FETCH_METADATA(OBJ.MAKE_REF('{red}', '{CONNECTION}'))")
    assert (found["version"], found["authorizer"]) == (
        str(blob.generation),
        f"{bigquery.project}.{CONNECTION}",
    )
    details = found["details"]["gcs_metadata"]
    md5 = hashlib.md5(pictures.png(pictures.COLOURS["red"])).hexdigest()
    assert (details["content_type"], details["md5_hash"], details["size"]) == ("image/png", md5, blob.size)
    assert isinstance(details["updated"], int)


@documented(SECTION, "… of an array, too", OBJECT_REF_FUNCTIONS)
def test_fetch_metadata_of_an_array(one, red):
    ref = f"OBJ.MAKE_REF('{red}', '{CONNECTION}')"
    found = one(f"OBJ.FETCH_METADATA([{ref}, {ref}])")
    assert [item["details"]["gcs_metadata"]["content_type"] for item in found] == ["image/png"] * 2


@documented(
    SECTION, "What OBJ.FETCH_METADATA cannot reach is noted in `details.errors`", OBJECT_REF_FUNCTIONS
)
def test_fetch_metadata_fails_in_the_value(bigquery, one, red):
    [error] = one(f"OBJ.FETCH_METADATA(OBJ.MAKE_REF('{red}', 'us.no_such'))")["details"]["errors"]
    message = DENIED.format(project=bigquery.project)
    assert error == {"code": 400, "message": message, "source": "OBJ.FETCH_METADATA"}
    [error] = one(f"OBJ.FETCH_METADATA(OBJ.MAKE_REF('{red}.gone', '{CONNECTION}'))")["details"]["errors"]
    assert (error["code"], error["source"]) == (404, "OBJ.FETCH_METADATA")


@documented(
    SECTION, "OBJ.GET_ACCESS_URL returns a URL that reads the object, until a time", OBJECT_REF_FUNCTIONS
)
@pytest.mark.parametrize(("duration", "minutes"), [("", 360), (", INTERVAL 45 MINUTE", 45)])
def test_access_url(bigquery, one, red, duration, minutes):
    found = one(f"OBJ.GET_ACCESS_URL(OBJ.MAKE_REF('{red}', '{CONNECTION}'), 'r'{duration})")
    assert found["objectref"]["uri"] == red
    with urllib.request.urlopen(found["access_urls"]["read_url"], timeout=10) as answer:
        assert answer.read() == pictures.png(pictures.COLOURS["red"])
    expiry = datetime.fromisoformat(found["access_urls"]["expiry_time"])
    left = (expiry - datetime.now(expiry.tzinfo)).total_seconds() / 60
    assert minutes - 2 < left <= minutes


@documented(SECTION, "… of an array, too; its errors are in the value", OBJECT_REF_FUNCTIONS)
def test_access_urls_of_an_array(service, bigquery, red):
    refs = f"[OBJ.MAKE_REF('{red}', '{CONNECTION}'), OBJ.MAKE_REF('{red}', 'us.no_such')]"
    sql = f"SELECT TO_JSON_STRING(url) FROM UNNEST(OBJ.GET_ACCESS_URL({refs}, 'r')) AS url WITH OFFSET AS n"
    good, bad = (json.loads(url) for (url,) in service.ask(f"{sql} ORDER BY n"))
    assert "errors" not in good
    assert "access_urls" not in bad
    message = DENIED.format(project=bigquery.project)
    assert bad["errors"] == [{"code": 400, "message": message, "source": "OBJ.GET_ACCESS_URL"}]


@documented(SECTION, "A URL needs an authorizer", OBJECT_REF_FUNCTIONS)
def test_direct_access_has_no_url(one, red):
    assert "errors" in one(f"OBJ.GET_ACCESS_URL(OBJ.MAKE_REF('{red}'), 'r')")


@documented(SECTION, "A URL lasts between 30 minutes and 6 hours", OBJECT_REF_FUNCTIONS)
@pytest.mark.parametrize("arguments", ["'r', INTERVAL 29 MINUTE", "'r', INTERVAL 7 HOUR", "'x'"])
def test_bad_durations_and_modes(one, red, arguments):
    with pytest.raises(BadRequest):
        one(f"OBJ.GET_ACCESS_URL(OBJ.MAKE_REF('{red}', '{CONNECTION}'), {arguments})")


@documented(SECTION, "OBJ.GET_READ_URL returns a STRUCT of `url` and `status`", OBJECT_REF_FUNCTIONS)
def test_read_url(one, red):
    good = one(f"OBJ.GET_READ_URL(OBJ.MAKE_REF('{red}', '{CONNECTION}'))")
    assert good["status"] is None
    with urllib.request.urlopen(good["url"], timeout=10) as answer:
        assert answer.read() == pictures.png(pictures.COLOURS["red"])
    bad = one(f"OBJ.GET_READ_URL(OBJ.MAKE_REF('{red}', 'us.no_such'))")
    assert bad["url"] is None
    assert bad["status"]


@documented(SECTION, "An ObjectRef in `content` is embedded, with any SQL around it", GENERATE)
@pytest.mark.parametrize("authorizer", [f", '{CONNECTION}'", ""])
def test_a_reference_is_embedded(service, model, images, red, authorizer):
    query = f"""
        SELECT OBJ.MAKE_REF(uri{authorizer}) AS content, word
        FROM UNNEST(['{red}']) AS uri JOIN UNNEST(['car', 'bus']) AS word ON TRUE
    """
    listed = f"(SELECT * FROM {images} WHERE uri = '{red}')"
    [(expected,)] = service.ask(f"SELECT embedding FROM AI.GENERATE_EMBEDDING(MODEL {model}, {listed})")
    rows = service.ask(f"SELECT word, status, embedding FROM AI.GENERATE_EMBEDDING(MODEL {model}, ({query}))")
    assert sorted(rows) == [("bus", "", expected), ("car", "", expected)]


@documented(SECTION, "… also that of an object table, in a join, and of a table's column", OBJECT_REF)
def test_references_of_an_object_table(service, dataset, model, images):
    service.ask(f"CREATE TABLE {dataset}.films AS SELECT ref AS poster FROM {images} WHERE size < 1000")
    joined = f"SELECT i.ref AS content FROM {images} AS i JOIN {dataset}.films ON i.uri = poster.uri"
    for query in (joined, f"SELECT poster AS content FROM {dataset}.films"):
        sql = f"SELECT status = '', COUNT(*) FROM AI.GENERATE_EMBEDDING(MODEL {model}, ({query})) GROUP BY 1"
        assert sorted(service.ask(sql)) == [(False, 2), (True, 4)]


@documented(SECTION, "ML.GENERATE_EMBEDDING takes what OBJ.GET_ACCESS_URL returns", GENERATE)
def test_a_runtime_is_embedded(service, model, red):
    refs = f"[OBJ.MAKE_REF('{red}', '{CONNECTION}'), OBJ.MAKE_REF('{red}.gone', '{CONNECTION}')]"
    query = f"SELECT OBJ.GET_ACCESS_URL(ref, 'r') AS content FROM UNNEST({refs}) AS ref"
    rows = service.ask(
        "SELECT ml_generate_embedding_status = '', ARRAY_LENGTH(ml_generate_embedding_result) "
        f"FROM ML.GENERATE_EMBEDDING(MODEL {model}, ({query}))"
    )
    assert sorted(rows) == [(False, 0), (True, 1408)]


@documented(SECTION, "A reference that may not be read fails on its row: permission denied", OBJECT_REF)
def test_denied_references(service, model, red):
    query = f"SELECT OBJ.MAKE_REF('{red}', 'us.no_such') AS content"
    [(status,)] = service.ask(f"SELECT status FROM AI.GENERATE_EMBEDDING(MODEL {model}, ({query}))")
    assert "permission denied" in status


@documented(SECTION, "A reference with a version means that generation", OBJECT_REF)
def test_versions(service, model, red):
    query = f"SELECT OBJ.MAKE_REF('{red}', version => '1') AS content"
    [(status,)] = service.ask(f"SELECT status FROM AI.GENERATE_EMBEDDING(MODEL {model}, ({query}))")
    assert status != ""
