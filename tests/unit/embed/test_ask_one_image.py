"""The preflight of the model."""

import pytest
from airflow.sdk.exceptions import AirflowException

from tests.unit.fakes import context, parameters
from vitrine.embed.ask_one_image import AskOneImageOperator
from vitrine.google.access import Access


@pytest.fixture
def ask(collection, jobs):
    """Ask the model, which has these rows as its answer; the parameters of the statement."""

    def run(*rows: dict) -> dict:
        jobs.answers["ask_one_image"] = list(rows)
        AskOneImageOperator(task_id="ask_one_image", collection=collection).execute(context())
        return parameters(jobs.asked[0])

    return run


def test_one_image_is_asked_about_that_need_not_be_known(ask):
    sent = ask({"uri": "gs://b/a", "status": ""})
    assert sent["was_embedded"] == "false"
    assert sent["work_order"] == "{{ 'vitrine_setup-' ~ ti.id }}", "another try asks another time"


def test_an_answer_that_is_none_fails_with_the_models_words_and_advice(ask, monkeypatch):
    monkeypatch.setattr(Access, "advice", lambda _self: "Paste this.")
    with pytest.raises(AirflowException, match=r"did not embed gs://b/a: PERMISSION_DENIED\. Paste this"):
        ask({"uri": "gs://b/a", "status": "PERMISSION_DENIED"})


def test_without_an_image_that_needs_the_model_none_is_asked_about(ask):
    ask()
