"""CREATE MODEL … REMOTE and what the catalog says about it."""

import pytest
from documented import CREATE_MODEL, REST, documented
from google.api_core.exceptions import Conflict, GoogleAPICallError, NotFound

SECTION = "Remote models"
CREATE = "CREATE {how} {name} REMOTE WITH CONNECTION DEFAULT OPTIONS (ENDPOINT = '{endpoint}')"
ENDPOINT = "multimodalembedding@001"
URL = (
    "https://us-central1-aiplatform.googleapis.com/v1/projects/{project}/locations/us-central1"
    "/publishers/google/models/multimodalembedding@001"
)


@pytest.fixture
def create(service, dataset, model):
    """CREATE MODEL `dataset.m`; `model` has seen to it that the connection has its role."""
    return lambda how="MODEL", endpoint=ENDPOINT: service.ask(
        CREATE.format(how=how, name=f"{dataset}.m", endpoint=endpoint)
    )


@documented(SECTION, "models.get tells connection and endpoint", REST + "models#RemoteModelInfo")
def test_the_resource(bigquery, dataset, create):
    create()
    found = bigquery.get_model(f"{dataset}.m").to_api_repr()["remoteModelInfo"]
    assert found["endpoint"].endswith(ENDPOINT)
    assert found["connection"].endswith(".us.__default_cloudresource_connection__")


@documented(SECTION, "Its type is MODEL_TYPE_UNSPECIFIED", "observed: googleapis/python-bigquery-dataframes")
def test_the_type(bigquery, model):
    assert bigquery.get_model(model).to_api_repr().get("modelType", "MODEL_TYPE_UNSPECIFIED") == (
        "MODEL_TYPE_UNSPECIFIED"
    )


@documented(SECTION, "The statement has no result rows", CREATE_MODEL)
def test_no_rows(create):
    assert create() == []


@documented(
    SECTION,
    "`CREATE MODEL` on an existing name fails; `IF NOT EXISTS` skips, `OR REPLACE` replaces",
    CREATE_MODEL,
)
def test_existing_names(create):
    create()
    create("MODEL IF NOT EXISTS")
    create("OR REPLACE MODEL")
    with pytest.raises(Conflict):
        create()


@documented(SECTION, "No table and model of a dataset have the same name", CREATE_MODEL)
def test_a_table_of_that_name(service, dataset, create):
    service.ask(f"CREATE TABLE {dataset}.m (x INT64)")
    with pytest.raises(GoogleAPICallError):
        create()


@documented(SECTION, "The endpoint may be given as a URL", CREATE_MODEL)
def test_the_url(bigquery, dataset, create):
    url = URL.format(project=bigquery.project)
    create(endpoint=url)
    assert bigquery.get_model(f"{dataset}.m").to_api_repr()["remoteModelInfo"]["endpoint"] == url


@documented(SECTION, "`DROP MODEL` drops it; `IF EXISTS` allows that there is none", CREATE_MODEL)
def test_drop(service, bigquery, dataset, create):
    create()
    service.ask(f"DROP MODEL {dataset}.m")
    service.ask(f"DROP MODEL IF EXISTS {dataset}.m")
    with pytest.raises(NotFound):
        bigquery.get_model(f"{dataset}.m")
