"""Whatever goes wrong reaches the person as one sentence."""

import pytest
from airflow.sdk.exceptions import AirflowException
from google.api_core import exceptions as google
from google.auth.exceptions import DefaultCredentialsError
from requests.exceptions import ConnectionError

from vitrine.collection import load
from vitrine.errors import InputError, SettingsError
from vitrine.web.pages import explain, page
from vitrine.web.search import Search

NOT_FOUND = google.NotFound(
    "GET https://bigquery/x: Not found: Table p:d.t was not found in location US\n\nJob ID: 1",
    errors=[{"message": "Not found: Table p:d.t was not found in location US\n\nJob ID: 1"}],
)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (InputError("Use fewer words."), 400, "Use fewer words."),
        (SettingsError("VITRINE_PROJECT is missing."), 500, "VITRINE_PROJECT is missing."),
        (NOT_FOUND, 404, "Not found: Table p:d.t was not found in location US. Run the DAG setup_image"),
        (google.Forbidden("Access Denied: Project p"), 502, "Access Denied: Project p. The Airflow conn"),
        (google.BadRequest("Quota exceeded"), 502, "Quota exceeded."),
        (google.RetryError("Timeout of 3.0s exceeded", None), 503, "BigQuery cannot be reached."),
        (ConnectionError("refused"), 503, "BigQuery cannot be reached."),
        (TimeoutError(), 504, "BigQuery did not answer in time."),
        (OSError("Forbidden: https://storage/b"), 502, "Airflow's connection to Google Cloud does not work"),
        (AirflowException("Invalid key JSON."), 502, "Airflow's connection to Google Cloud does not work"),
        (DefaultCredentialsError("no key"), 502, "Airflow's connection to Google Cloud does not work"),
    ],
)
def test_an_error_is_a_sentence(error, status, words):
    problem = explain(error)
    assert problem.status == status
    assert problem.sentence.startswith(words)
    assert "\n" not in problem.sentence


def test_the_sentence_names_who_was_asked():
    assert explain(ConnectionError(), "Cloud Storage").sentence.startswith("Cloud Storage cannot be reached.")
    assert explain(TimeoutError(), "Cloud Storage").sentence.startswith("Cloud Storage did not answer")


def test_the_sentence_is_escaped_and_the_form_stays():
    problem = explain(InputError("<b>no</b>"))
    answer = page(
        "search.html",
        collection=load()["met"],
        problem=problem,
        search=Search(words='"><script>'),
        picture=None,
        notes=(),
        found=None,
        milliseconds=1,
        emulated=False,
        examples=(),
        usual_weight="0.4",
        weights=("0.1", "0.9"),
        max_query_bytes=1,
        max_mebibytes=1,
        max_megapixels=1,
    )
    html = answer.body.decode()
    assert answer.status_code == 400
    assert "&lt;b&gt;no&lt;/b&gt;" in html
    assert 'value="&#34;&gt;&lt;script&gt;"' in html
