"""CREATE MODEL … REMOTE and what the catalog says about it (reference §2)."""

import pytest
from google.api_core.exceptions import BadRequest, Conflict, MethodNotImplemented, NotFound

CREATE = "CREATE {how} {ds}.m REMOTE WITH CONNECTION DEFAULT OPTIONS ({options})"
ENDPOINT = "ENDPOINT = 'multimodalembedding@001'"
URL = (
    "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1"
    "/publishers/google/models/multimodalembedding@001"
)


def test_the_catalog_says_what_serves_it(bigquery, dataset):
    bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=ENDPOINT))
    model = bigquery.get_model(f"{dataset}.m").to_api_repr()
    assert model["remoteModelInfo"] == {
        "endpoint": "multimodalembedding@001",
        "connection": "demo-project.us.__default_cloudresource_connection__",
    }
    assert model["modelType"] == "MODEL_TYPE_UNSPECIFIED"
    assert "local model" in model["description"]


def test_names_are_used_once(bigquery, dataset):
    bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=ENDPOINT))
    bigquery.query_and_wait(CREATE.format(how="MODEL IF NOT EXISTS", ds=dataset, options=ENDPOINT))
    bigquery.query_and_wait(CREATE.format(how="OR REPLACE MODEL", ds=dataset, options=ENDPOINT))
    with pytest.raises(Conflict, match=f"Already Exists: Model demo-project:{dataset}.m"):
        bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=ENDPOINT))


def test_a_table_of_that_name_is_in_the_way(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.m AS SELECT 1 AS x")
    with pytest.raises(Conflict, match="Already Exists: Table"):
        bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=ENDPOINT))


def test_the_url_form_of_the_endpoint(bigquery, dataset):
    bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=f"ENDPOINT = '{URL}'"))
    assert bigquery.get_model(f"{dataset}.m").to_api_repr()["remoteModelInfo"]["endpoint"] == URL


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("ENDPOINT = 'gemini-embedding-001'", "not emulated: endpoint 'gemini-embedding-001'"),
        (f"{ENDPOINT}, REMOTE_SERVICE_TYPE = 'x'", "not emulated: option remote_service_type"),
    ],
)
def test_what_is_not_emulated_is_named(bigquery, dataset, options, message):
    with pytest.raises(BadRequest, match=message):
        bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=options))
    with pytest.raises(NotFound):
        bigquery.get_model(f"{dataset}.m")


def test_drop(bigquery, dataset):
    bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=ENDPOINT))
    bigquery.query_and_wait(f"DROP MODEL {dataset}.m")
    bigquery.query_and_wait(f"DROP MODEL IF EXISTS {dataset}.m")
    with pytest.raises(NotFound):
        bigquery.query_and_wait(f"DROP MODEL {dataset}.m")
    with pytest.raises(NotFound, match="Not found: Model"):
        bigquery.query_and_wait(
            f"SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {dataset}.m, (SELECT 'x' AS content))"
        )


@pytest.mark.parametrize("function", ["ML.PREDICT", "ML.GENERATE_TEXT_EMBEDDING"])
def test_other_model_functions_are_not_emulated(bigquery, dataset, function):
    with pytest.raises(MethodNotImplemented, match=f"not emulated: {function}"):
        bigquery.query_and_wait(f"SELECT * FROM {function}(MODEL {dataset}.m, (SELECT 'x' AS content))")
