"""The one place that talks to BigQuery, against the embedded one."""

import uuid
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core.exceptions import BadRequest, GoogleAPICallError

from tests.unit.fakes import FakeTaskInstance, collection_with
from vitrine import limits
from vitrine.google import bigquery as module
from vitrine.google.bigquery import BigQuery, JobFigures, TableSize
from vitrine.google.jobs import int64, label, query_job, strings

COLLECTION = collection_with(labels='{"team": "curators"}')


LEAST = limits.MIN_BYTES_BILLED


@pytest.fixture
def numbers(emulator):
    """A table with a row, and another one whose name ends in 2: reading both bills twice LEAST."""
    name = f"limited_{uuid.uuid4().hex}.numbers"
    client = emulator.bigquery
    client.create_dataset(name.partition(".")[0])
    for table in (name, f"{name}2"):
        client.query_and_wait(f"CREATE TABLE {table} AS SELECT 1 AS n")
    return name


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
    elsewhere = collection_with(
        project="another", location="EU", gcp_conn_id="curators", maximum_bytes_billed=10**9
    )
    labels = (("vitrine_collection", "met"), ("vitrine_model", "default"))
    assert BigQuery.of(elsewhere) == BigQuery("curators", "another", "EU", labels, 10**9)


def test_the_jobs_of_a_task_say_which(bigquery, emulator):
    labels = dict(BigQuery.of(COLLECTION, FakeTaskInstance()).labels)
    assert labels == COLLECTION.job_labels | {
        "vitrine_dag": "a_dag",
        "vitrine_task": "a_task",
        "vitrine_run": "manual__2026-11-22",
    }


SENDERS = pytest.mark.parametrize(
    ("send", "more"),
    [
        (lambda bigquery, job: bigquery.rows(job), {}),
        (lambda bigquery, job: bigquery.answer(job), {}),
        (lambda bigquery, job: bigquery.ask(job, "pages"), {"vitrine": "pages"}),
    ],
    ids=["rows", "answer", "ask"],
)


@SENDERS
def test_no_job_bills_more_than_the_collection_allows(bigquery, emulator, numbers, send, more):
    limited = BigQuery.of(collection_with(maximum_bytes_billed=LEAST))
    send(limited, query_job(f"SELECT n FROM {numbers}"))
    with pytest.raises(GoogleAPICallError, match=f"limit for bytes billed: {LEAST}"):
        send(limited, query_job(f"SELECT n FROM {numbers} UNION ALL SELECT n FROM {numbers}2"))


@SENDERS
def test_every_job_is_labelled_for_billing_reports(bigquery, emulator, send, more):
    marker = f"labelled_{uuid.uuid4().hex}"
    send(bigquery, query_job(f"SELECT 1 AS {marker}"))
    [job] = [job for job in emulator.bigquery.list_jobs() if marker in (getattr(job, "query", None) or "")]
    assert job.labels == COLLECTION.job_labels | more
    assert job.labels.items() >= {"team": "curators", "vitrine_collection": "met"}.items()


def untimed(job: JobFigures) -> JobFigures:
    """The job without the times at which it happened to run."""
    return replace(job, started=None, ended=None)


def test_the_jobs_of_a_run_say_what_they_came_to(bigquery, numbers):
    run = FakeTaskInstance()
    run.run_id = f"manual__{uuid.uuid4().hex}"
    plan, embed, other = copy(run), copy(run), copy(run)
    plan.task_id, embed.task_id, other.run_id = "plan", "pass_1.embed", "another"
    before = datetime.now(UTC)
    script = f"SELECT n FROM {numbers}; SELECT n FROM {numbers}2; SELECT 1"
    BigQuery.of(COLLECTION, plan).rows(query_job(script))
    with pytest.raises(BadRequest):
        BigQuery.of(COLLECTION, embed).rows(query_job("SELECT ERROR('no')"))
    BigQuery.of(COLLECTION, other).rows(query_job("SELECT 1"))
    bigquery.rows(query_job("SELECT 1"))

    labels = {"vitrine_collection": "met", "vitrine_run": label(run.run_id)}
    jobs = bigquery.jobs_of(labels, before)
    assert all(before < job.started <= job.ended < datetime.now(UTC) for job in jobs)
    assert sorted((untimed(job) for job in jobs), key=lambda job: job.failed) == [
        JobFigures(task="plan", bytes_billed=2 * LEAST, failed=False),
        JobFigures(task=label("pass_1.embed"), bytes_billed=0, failed=True),
    ]
    assert bigquery.jobs_of(labels | {"vitrine_model": "another"}, before) == []
    assert bigquery.jobs_of(labels, datetime.now(UTC) + timedelta(seconds=1)) == []
    assert "" in {job.task for job in bigquery.jobs_of({}, before)}


def test_the_jobs_of_a_run_may_fill_more_than_one_page(bigquery, monkeypatch):
    monkeypatch.setattr(module, "JOBS_PER_PAGE", 2)
    ti, before = FakeTaskInstance(), datetime.now(UTC)
    ti.run_id = f"manual__{uuid.uuid4().hex}"
    for _ in range(5):
        BigQuery.of(COLLECTION, ti).rows(query_job("SELECT 1"))
    jobs = bigquery.jobs_of({"vitrine_run": label(ti.run_id)}, before)
    assert [untimed(job) for job in jobs] == [JobFigures("a_task", 0, False)] * 5


def test_rows_come_one_after_the_other(bigquery):
    rows = bigquery.each_row(query_job("SELECT n FROM UNNEST([1, 2, 3]) AS n ORDER BY n"))
    assert next(rows) == {"n": 1}
    assert list(rows) == [{"n": 2}, {"n": 3}]


def test_rows_are_replaced_at_once_under_the_labels_and_the_schema_stays(bigquery, emulator):
    dataset = f"{emulator.bigquery.project}.replaced_{uuid.uuid4().hex[:8]}"
    emulator.bigquery.create_dataset(dataset)
    table = f"{dataset}.numbers"
    emulator.bigquery.query_and_wait(f"CREATE TABLE {table} (n INT64 NOT NULL)")
    before = {job.job_id for job in emulator.bigquery.list_jobs()}
    bigquery.replace_rows(table, [{"n": 1}, {"n": 2}])
    bigquery.replace_rows(table, [{"n": 3}])
    assert [row.n for row in emulator.bigquery.list_rows(table)] == [3]
    assert emulator.bigquery.get_table(table).schema[0].mode == "REQUIRED"
    jobs = [job for job in emulator.bigquery.list_jobs() if job.job_id not in before]
    assert [(job.job_type, job.labels["team"]) for job in jobs] == [("load", "curators")] * 2
