"""The one place that talks to BigQuery, against the embedded one."""

import uuid

import pytest
from google.api_core.exceptions import BadRequest

from tests.unit.fakes import collection_with
from vitrine.google.bigquery import BigQuery, TableSize
from vitrine.google.jobs import int64, query_job, strings

COLLECTION = collection_with(labels='{"team": "curators"}')


@pytest.fixture
def bigquery(emulator):
    """BigQuery through the Airflow connection of the local environment."""
    return BigQuery.of(COLLECTION)


def test_rows_with_parameters(bigquery):
    job = query_job(
        "SELECT @n + 1 AS n, ARRAY_LENGTH(@words) AS words", int64("n", 41), strings("words", ["a", "b"])
    )
    assert bigquery.rows(job) == [{"n": 42, "words": 2}]


def test_an_error_is_bigquerys_own(bigquery):
    with pytest.raises(BadRequest):
        bigquery.rows(query_job("SELECT nothing FROM"))


def test_a_table_says_its_size_without_a_job(bigquery, emulator):
    dataset = f"{emulator.bigquery.project}.size_{uuid.uuid4().hex[:8]}"
    emulator.bigquery.create_dataset(dataset)
    table = f"{dataset}.vectors"
    emulator.bigquery.query_and_wait(f"CREATE TABLE {table} (vector ARRAY<FLOAT64>)")
    assert bigquery.table_size(table) == TableSize(rows=0, bytes=0)
    emulator.bigquery.query_and_wait(f"INSERT INTO {table} VALUES ([0.5, 1.5]), ([2.5, 3.5])")
    before = [job.job_id for job in emulator.bigquery.list_jobs()]
    assert bigquery.table_size(table) == TableSize(rows=2, bytes=32)
    assert [job.job_id for job in emulator.bigquery.list_jobs()] == before


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


def test_the_bigquery_of_a_collection_is_where_it_says():
    elsewhere = collection_with(project="another", location="EU", gcp_conn_id="curators")
    labels = (("vitrine_collection", "met"), ("vitrine_model", "default"))
    assert BigQuery.of(elsewhere) == BigQuery("curators", "another", "EU", labels)


@pytest.mark.parametrize(
    ("send", "more"),
    [
        (lambda bigquery, job: bigquery.rows(job), {}),
        (lambda bigquery, job: bigquery.answer(job), {}),
        (lambda bigquery, job: bigquery.ask(job, "pages"), {"vitrine": "pages"}),
    ],
    ids=["rows", "answer", "ask"],
)
def test_every_job_is_labelled_for_billing_reports(bigquery, emulator, send, more):
    marker = f"labelled_{uuid.uuid4().hex}"
    send(bigquery, query_job(f"SELECT 1 AS {marker}"))
    [job] = [job for job in emulator.bigquery.list_jobs() if marker in (getattr(job, "query", None) or "")]
    assert job.labels == COLLECTION.job_labels | more
    assert job.labels.items() >= {"team": "curators", "vitrine_collection": "met"}.items()
