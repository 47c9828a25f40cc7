"""Finding jobs again: by request id, in jobs.list and in INFORMATION_SCHEMA.JOBS.

Sources: BigQuery REST reference (QueryRequest.requestId, jobs.list) and
https://docs.cloud.google.com/bigquery/docs/information-schema-jobs (2026-08-22).
"""

import datetime
import uuid

import pytest
import requests
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import QueryJobConfig
from local_bigquery.jobs import store
from local_bigquery.models import Job

from bqml_emulator.jobs import running_jobs


@pytest.fixture
def table(bigquery, dataset):
    """A table without rows."""
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (x INT64)")
    return f"{dataset}.t"


def ask(emulator, sql: str, request_id: str, **changes) -> dict:
    """jobs.query."""
    body = {"query": sql, "useLegacySql": False, "requestId": request_id, **changes}
    url = f"{emulator.url}/bigquery/v2/projects/demo-project/queries"
    return requests.post(url, json=body, timeout=20).json()


def test_a_request_asked_twice_is_carried_out_once(emulator, bigquery, table):
    request_id = str(uuid.uuid4())
    answers = [ask(emulator, f"INSERT INTO {table} (x) VALUES (1)", request_id) for _ in range(3)]
    assert {answer["numDmlAffectedRows"] for answer in answers} == {"1"}
    [job_id] = {answer["jobReference"]["jobId"] for answer in answers}
    assert job_id != request_id
    assert bigquery.get_job(job_id).state == "DONE"
    assert bigquery.get_table(table).num_rows == 1


def test_what_does_not_change_the_result_does_not_matter(emulator, bigquery, table):
    request_id = str(uuid.uuid4())
    for change in ({"timeoutMs": 9000}, {"timeoutMs": 8000, "maxResults": 1}):
        ask(emulator, f"INSERT INTO {table} (x) VALUES (1)", request_id, **change)
    assert bigquery.get_table(table).num_rows == 1


def test_another_question_with_the_same_request_id_is_another_job(emulator, bigquery, table):
    request_id = str(uuid.uuid4())
    for value in (1, 2):
        ask(emulator, f"INSERT INTO {table} (x) VALUES ({value})", request_id)
    assert [row.x for row in bigquery.query_and_wait(f"SELECT x FROM {table} ORDER BY x")] == [1, 2]


def test_a_dry_run_is_never_a_duplicate(emulator, bigquery, table):
    request_id = str(uuid.uuid4())
    for dry_run in (True, False, True):
        answer = ask(emulator, f"INSERT INTO {table} (x) VALUES (1)", request_id, dryRun=dry_run)
        assert "error" not in answer
    assert bigquery.get_table(table).num_rows == 1


def test_jobs_are_listed_with_their_children_states_and_labels(bigquery, table):
    config = QueryJobConfig(labels={"run": uuid.uuid4().hex})
    sql = f"INSERT INTO {table} (x) VALUES (1); SELECT x FROM {table}"
    parent = bigquery.query(sql, job_config=config)
    parent.result()
    assert parent.job_id in {job.job_id for job in bigquery.list_jobs(state_filter="done")}
    assert parent.job_id not in {job.job_id for job in bigquery.list_jobs(state_filter="running")}
    children = list(bigquery.list_jobs(parent_job=parent))
    assert sorted(child.statement_type for child in children) == ["INSERT", "SELECT"]
    assert {child.parent_job_id for child in children} == {parent.job_id}
    [listed] = [job for job in bigquery.list_jobs() if job.job_id == parent.job_id]
    assert listed.labels == config.labels
    assert parent.num_child_jobs == 2


def test_each_child_has_the_rows_of_its_own_statement(bigquery, table):
    sql = f"""CREATE TEMP FUNCTION twice(n INT64) AS (2 * n);
    CREATE PROCEDURE {table}_p() BEGIN SELECT 8; END;
    SELECT twice(1) AS a UNION ALL SELECT 3 ORDER BY a; CALL {table}_p(); INSERT INTO {table} (x) VALUES (1);
    SELECT @@script.num_child_jobs"""
    script = bigquery.query(sql)
    assert [tuple(row) for row in script.result()] == [(4,)]
    children = sorted(bigquery.list_jobs(parent_job=script), key=lambda child: child.job_id)
    rows = [[tuple(row) for row in child.result()] for child in children]
    assert rows == [[], [(2,), (3,)], [(8,)], [], [(4,)]]
    silent = bigquery.query(f"SELECT 7; INSERT INTO {table} (x) VALUES (1)")
    assert list(silent.result()) == []
    [first, _] = sorted(bigquery.list_jobs(parent_job=silent), key=lambda child: child.job_id)
    assert [tuple(row) for row in bigquery.list_rows(first.destination)] == [(7,)]


def test_the_rows_of_children_go_with_their_script(bigquery):
    script = bigquery.query("SELECT 1; SELECT 2")
    script.result()
    children = list(bigquery.list_jobs(parent_job=script))
    bigquery.delete_job_metadata(script.job_id, location="US")
    for child in children:
        with pytest.raises(NotFound):
            bigquery.list_rows(child.destination)


def in_view(bigquery, job_id: str):
    """The row of a job in INFORMATION_SCHEMA.JOBS."""
    [row] = bigquery.query_and_wait(
        f"""SELECT * FROM `region-us`.INFORMATION_SCHEMA.JOBS WHERE job_id = '{job_id}'
        AND creation_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)"""
    )
    return row


def test_the_jobs_view_tells_of_a_query(bigquery, dataset, table):
    config = QueryJobConfig(labels={"dag": "embed", "run": "7"})
    job = bigquery.query(f"SELECT x FROM {table}", job_config=config)
    job.result()
    row = in_view(bigquery, job.job_id)
    assert (row.project_id, row.job_type, row.statement_type) == ("demo-project", "QUERY", "SELECT")
    assert (row.state, row.query, row.error_result) == ("DONE", f"SELECT x FROM {table}", None)
    assert row.labels == [{"key": "dag", "value": "embed"}, {"key": "run", "value": "7"}]
    names = {"project_id": "demo-project", "dataset_id": dataset, "table_id": "t"}
    assert row.referenced_tables == [names]
    assert row.creation_time == job.created
    assert row.creation_time <= row.start_time <= row.end_time
    assert row.start_time.tzinfo == datetime.UTC
    assert isinstance(row.total_bytes_billed, int)


def test_the_jobs_view_tells_why_a_job_failed_and_who_its_children_are(bigquery, table):
    failed = bigquery.query(f"SELECT y FROM {table}")
    with pytest.raises(BadRequest):
        failed.result()
    error = in_view(bigquery, failed.job_id).error_result
    assert error["reason"] == "invalidQuery"
    assert "y" in error["message"]
    script = bigquery.query("SELECT 1; SELECT 2")
    script.result()
    children = bigquery.query_and_wait(
        f"""SELECT statement_type FROM `region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT
        WHERE parent_job_id = '{script.job_id}'"""
    )
    assert [row.statement_type for row in children] == ["SELECT", "SELECT"]


def test_the_jobs_view_tells_of_running_jobs(emulator, bigquery):
    emulator.faults(stuck_jobs="in_view")
    try:
        job = bigquery.query("SELECT 1", job_id=f"in_view_{uuid.uuid4().hex}", job_retry=None)
        row = in_view(bigquery, job.job_id)
        assert (row.state, row.start_time, row.end_time) == ("RUNNING", job.started, None)
    finally:
        emulator.faults(stuck_jobs=None)
    job.result()
    assert in_view(bigquery, job.job_id).state == "DONE"


def in_state(state: str) -> Job:
    """The record of a job."""
    return Job(
        jobReference={"projectId": "p", "jobId": "j"},
        status={"state": state},
        statistics={"creationTime": "1"},
    )


@pytest.mark.parametrize(("recorded", "listed"), [("PENDING", "RUNNING"), ("DONE", "DONE")])
def test_a_job_that_ends_while_the_list_is_made(monkeypatch, recorded, listed):
    def rows(*_):
        row = in_state(recorded)
        if recorded == "PENDING":  # it is read, and then
            store.save(in_state("DONE"))
        return [row]

    monkeypatch.setattr(store, "save", lambda job: job)
    monkeypatch.setattr(store, "load", lambda *_: None)
    monkeypatch.setattr(store, "list_", rows)
    running_jobs.install()
    store.save(in_state("RUNNING"))
    try:
        assert [job.status.state for job in store.list_("p")] == [listed]
    finally:
        store.save(in_state("DONE"))


def test_an_assertion_alone_is_no_script(bigquery):
    job = bigquery.query("ASSERT 1 = 1 AS 'never'")
    job.result()
    assert (job.statement_type, job.num_child_jobs) == ("ASSERT", 0)
    assert bigquery.query("ASSERT TRUE", job_config=QueryJobConfig(dry_run=True)).statement_type == "ASSERT"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO {table} (x) VALUES (1)",
        "UPDATE {table} SET x = 2 WHERE TRUE",
        "MERGE {table} AS t USING (SELECT 3 AS x) AS s ON t.x = s.x WHEN NOT MATCHED THEN INSERT ROW",
        "CREATE OR REPLACE TABLE {table} AS SELECT 4 AS x",
    ],
)
def test_a_job_that_writes_a_table_names_it_as_its_destination(bigquery, table, sql):
    job = bigquery.query(sql.format(table=table))
    assert list(job.result()) == []
    assert str(bigquery.get_job(job.job_id).destination) == f"{bigquery.project}.{table}"
    script = bigquery.query(f"SELECT 1; {sql.format(table=table)}")
    script.result()
    [written] = [job for job in bigquery.list_jobs(parent_job=script) if job.statement_type != "SELECT"]
    assert str(written.destination) == f"{bigquery.project}.{table}"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TEMP TABLE made AS SELECT 1 AS x",
        "INSERT INTO made (x) VALUES (2)",
        "UPDATE Made SET x = 2 WHERE TRUE",
    ],
)
def test_a_temporary_table_is_no_destination(bigquery, dataset, sql):
    before = "" if sql.startswith("CREATE") else "CREATE TEMP TABLE made (x INT64);"
    script = bigquery.query(
        f"SELECT 1; {before} {sql}",
        job_config=QueryJobConfig(default_dataset=f"{bigquery.project}.{dataset}"),
    )
    script.result()
    written = [job for job in bigquery.list_jobs(parent_job=script) if job.query.strip() == sql]
    assert [job.destination for job in written] == [None]
