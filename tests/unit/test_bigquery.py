"""The one place that talks to BigQuery, against the embedded one."""

import pytest
from google.api_core.exceptions import BadRequest

from vitrine.bigquery import BigQuery
from vitrine.jobs import int64, query_job, strings


@pytest.fixture
def bigquery(emulator):
    """BigQuery through the Airflow connection of the local environment."""
    return BigQuery("google_cloud_default", emulator.project, "US")


def test_rows_with_parameters(bigquery):
    job = query_job(
        "SELECT @n + 1 AS n, ARRAY_LENGTH(@words) AS words", int64("n", 41), strings("words", ["a", "b"])
    )
    assert bigquery.rows(job) == [{"n": 42, "words": 2}]


def test_an_error_is_bigquerys_own(bigquery):
    with pytest.raises(BadRequest):
        bigquery.rows(query_job("SELECT nothing FROM"))


def test_a_job_that_does_not_exist_is_none(bigquery):
    assert bigquery.job("no-such-job") is None


def test_a_finished_job_is_found_and_not_among_the_running(bigquery):
    job = bigquery.client().query("SELECT 1", job_id_prefix="vitrine-test-")
    job.result()
    assert bigquery.job(job.job_id).state == "DONE"
    assert [one.job_id for one in bigquery.running_jobs("vitrine-test-")] == []


def test_an_answer_says_what_it_cost(bigquery):
    answer = bigquery.ask(query_job("SELECT @n + 1 AS n", int64("n", 41)), "test")
    assert answer.rows == [{"n": 42}]
    assert 0 <= answer.milliseconds < 60_000
    assert answer.bytes_billed == 0


def test_all_questions_go_through_one_client(bigquery, monkeypatch):
    bigquery.ask(query_job("SELECT 1"), "test")
    monkeypatch.setattr(BigQuery, "client", None)
    assert bigquery.ask(query_job("SELECT 2 AS n"), "test").rows == [{"n": 2}]
