"""CREATE MODEL … REMOTE and what the catalog says about it (reference §2)."""

import pytest
from documented import GENERATE, not_emulated
from google.api_core.exceptions import BadRequest, MethodNotImplemented, NotFound

CREATE = "CREATE {how} {ds}.m REMOTE WITH CONNECTION DEFAULT OPTIONS ({options})"
ENDPOINT = "ENDPOINT = 'multimodalembedding@001'"


def test_the_catalog_says_what_serves_it(bigquery, dataset):
    bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=ENDPOINT))
    model = bigquery.get_model(f"{dataset}.m").to_api_repr()
    assert model["remoteModelInfo"] == {
        "endpoint": "multimodalembedding@001",
        "connection": "demo-project.us.__default_cloudresource_connection__",
    }
    assert model["modelType"] == "MODEL_TYPE_UNSPECIFIED"
    assert "local model" in model["description"]


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


@pytest.mark.parametrize("function", ["ML.PREDICT", "ML.GENERATE_TEXT_EMBEDDING"])
def test_other_model_functions_are_not_emulated(bigquery, dataset, function):
    with pytest.raises(MethodNotImplemented, match=f"not emulated: {function}"):
        bigquery.query_and_wait(f"SELECT * FROM {function}(MODEL {dataset}.m, (SELECT 'x' AS content))")


def test_gemini_is_not_everywhere(bigquery):
    """BigQuery has it in US and us-central1 only."""
    bigquery.query_and_wait("CREATE SCHEMA in_europe OPTIONS (location = 'EU')")
    statement = CREATE.format(how="MODEL", ds="in_europe", options="ENDPOINT = 'gemini-embedding-2'")
    with pytest.raises(BadRequest, match="gemini-embedding-2 is not available in location EU"):
        bigquery.query_and_wait(statement)
    bigquery.query_and_wait("DROP SCHEMA in_europe")


@not_emulated(
    "Model calls", "The counts of tokens in `statistics` of gemini-embedding-2: it is NULL", GENERATE
)
def test_statistics_are_null(bigquery, dataset):
    endpoint = "ENDPOINT = 'gemini-embedding-2'"
    bigquery.query_and_wait(CREATE.format(how="MODEL", ds=dataset, options=endpoint))
    call = f"AI.GENERATE_EMBEDDING(MODEL {dataset}.m, (SELECT 'a red car' AS content))"
    [row] = bigquery.query_and_wait(f"SELECT status, statistics FROM {call}")
    assert tuple(row.values()) == ("", None)
