"""Jobs: ids used once, errors, scripts, labels, lists, dry runs, what INFORMATION_SCHEMA.JOBS tells."""

import uuid

import pytest
from documented import DOCS, ERRORS, LOADING, REST, documented
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.cloud.bigquery import QueryJobConfig

SECTION = "Jobs"
SCRIPTS = DOCS + "multi-statement-queries"
JOBS_VIEW = DOCS + "information-schema-jobs"


@pytest.fixture
def table(service, dataset) -> str:
    """A table of one INT64 column without rows."""
    service.ask(f"CREATE TABLE {dataset}.t (x INT64)")
    return f"{dataset}.t"


def in_view(service, columns: str, condition: str) -> list[tuple]:
    """Rows of INFORMATION_SCHEMA.JOBS of the last hour."""
    return service.wait_until(
        lambda: service.ask(
            f"SELECT {columns} FROM `region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT WHERE {condition} "
            "AND creation_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)"
        )
    )


@documented(SECTION, "A job id is used once, even by a job that fails: 409 `duplicate` afterwards", LOADING)
@pytest.mark.parametrize("first", ["SELECT 1", "SELECT no_such_column", "SELEC"])
def test_an_id_is_used_once(bigquery, first):
    job_id = f"vitrine-boundary-{uuid.uuid4().hex}"
    job = bigquery.query(first, job_id=job_id, job_retry=None)
    if first != "SELECT 1":
        with pytest.raises(BadRequest):
            job.result()
    with pytest.raises(Conflict) as refused:
        bigquery.query("SELECT 2", job_id=job_id, retry=None, job_retry=None)
    error = refused.value.errors[0]
    assert error["reason"] == "duplicate"
    assert error["message"] == f"Already Exists: Job {bigquery.project}:US.{job_id}"


@documented(
    SECTION, "jobs.query with the same `requestId` and request is carried out once", REST + "jobs/query"
)
def test_request_ids(bigquery, table):
    body = {"query": f"INSERT INTO {table} (x) VALUES (1)", "useLegacySql": False, "location": "US"}
    body["requestId"] = str(uuid.uuid4())
    path = f"/projects/{bigquery.project}/queries"
    answers = [bigquery._connection.api_request(method="POST", path=path, data=body) for _ in range(2)]
    assert len({answer["jobReference"]["jobId"] for answer in answers}) == 1
    assert [row.n for row in bigquery.query_and_wait(f"SELECT COUNT(*) AS n FROM {table}")] == [1]


@documented(
    SECTION,
    "jobs.insert of a failing statement answers 200; the job has the error",
    "observed: dbimp",
    "2026-10-10",
)
def test_a_failing_statement(bigquery):
    job = bigquery.query("SELECT no_such_column", job_retry=None)
    with pytest.raises(BadRequest):
        job.result()
    found = bigquery.get_job(job.job_id)
    assert (found.state, found.error_result["reason"]) == ("DONE", "invalidQuery")


@documented(SECTION, "What is missing is `notFound` (404): tables, datasets, jobs", ERRORS)
def test_not_found(bigquery, dataset):
    for sql in (f"SELECT * FROM {dataset}.nothing", "SELECT * FROM vitrine_boundary_nowhere.t"):
        with pytest.raises(NotFound) as failure:
            bigquery.query_and_wait(sql)
        assert failure.value.errors[0]["reason"] == "notFound"
    with pytest.raises(NotFound):
        bigquery.get_job("vitrine-boundary-nobody", location="US")


@documented(SECTION, "Labels are kept with the job and searched in INFORMATION_SCHEMA.JOBS", JOBS_VIEW)
def test_labels(bigquery, service):
    value = uuid.uuid4().hex
    job = bigquery.query("SELECT 1", job_config=QueryJobConfig(labels={"run": value}))
    job.result()
    assert bigquery.get_job(job.job_id).labels == {"run": value}
    labelled = f"EXISTS (SELECT 1 FROM UNNEST(labels) AS l WHERE l.key = 'run' AND l.value = '{value}')"
    assert in_view(service, "job_id", labelled) == [(job.job_id,)]


@documented(
    SECTION, "A script is one job of type SCRIPT with a child job, and its text, for each statement", SCRIPTS
)
def test_children(bigquery, table):
    script = bigquery.query(f"INSERT INTO {table} (x) VALUES (1); SELECT x FROM {table}")
    assert [row.x for row in script.result()] == [1]
    script.reload()
    assert (script.statement_type, script.num_child_jobs) == ("SCRIPT", 2)
    children = list(bigquery.list_jobs(parent_job=script))
    assert sorted(child.statement_type for child in children) == ["INSERT", "SELECT"]
    assert {child.parent_job_id for child in children} == {script.job_id}
    texts = sorted(child.query.strip("; ") for child in children)
    assert texts == [f"INSERT INTO {table} (x) VALUES (1)", f"SELECT x FROM {table}"]


@documented(
    SECTION, "A script is no transaction: what ran before an error stays", "observed: dbimp", "2026-10-10"
)
def test_no_transaction(bigquery, table):
    with pytest.raises(BadRequest):
        bigquery.query_and_wait(f"INSERT INTO {table} (x) VALUES (1); SELECT ERROR('no')")
    assert [row.x for row in bigquery.query_and_wait(f"SELECT x FROM {table}")] == [1]


@documented(
    SECTION,
    "`@@row_count` is the number of rows that the last DML statement changed",
    DOCS + "reference/system-variables",
)
def test_row_count(service, table):
    sql = f"INSERT INTO {table} (x) SELECT x FROM UNNEST([1, 2, 3]) AS x; SELECT @@row_count"
    assert service.ask(sql) == [(3,)]


@documented(SECTION, "Scripts have REPEAT, EXECUTE IMMEDIATE, temporary tables and procedures", SCRIPTS)
def test_control_statements(service, dataset, table):
    service.ask(
        f"""
        CREATE PROCEDURE {dataset}.fill(target STRING, OUT rounds INT64)
        BEGIN
          SET rounds = 0;
          REPEAT
            SET rounds = rounds + 1;
            CREATE OR REPLACE TEMP TABLE batch AS SELECT rounds AS x;
            EXECUTE IMMEDIATE FORMAT('INSERT INTO `%s` (x) SELECT x FROM batch', target);
          UNTIL rounds = 3 END REPEAT;
        END
        """
    )
    assert service.ask(f"DECLARE n INT64; CALL {dataset}.fill('{table}', n); SELECT n") == [(3,)]
    assert service.ask(f"SELECT x FROM {table} ORDER BY x") == [(1,), (2,), (3,)]


@documented(SECTION, "A dry run is checked and priced, but not carried out", REST + "Job#JobConfiguration")
def test_a_dry_run(bigquery, table):
    dry = QueryJobConfig(dry_run=True)
    job = bigquery.query(f"INSERT INTO {table} (x) VALUES (1)", job_config=dry)
    assert job.state == "DONE"
    assert bigquery.get_table(table).num_rows == 0
    with pytest.raises(BadRequest):
        bigquery.query(f"SELECT y FROM {table}", job_config=dry)


@documented(SECTION, "INFORMATION_SCHEMA.JOBS tells type, state, error, times and tables of a job", JOBS_VIEW)
def test_the_view(bigquery, service, dataset, table):
    job = bigquery.query(f"SELECT x FROM {table}")
    job.result()
    columns = "job_type, statement_type, state, query, error_result, referenced_tables, creation_time"
    [row] = in_view(service, columns, f"job_id = '{job.job_id}' AND state = 'DONE'")
    names = {"project_id": bigquery.project, "dataset_id": dataset, "table_id": "t"}
    assert row == ("QUERY", "SELECT", "DONE", f"SELECT x FROM {table}", None, [names], job.created)


@documented(SECTION, "… and why it failed", JOBS_VIEW)
def test_the_view_of_a_failure(bigquery, service, table):
    job = bigquery.query(f"SELECT y FROM {table}", job_retry=None)
    with pytest.raises(BadRequest):
        job.result()
    [(error,)] = in_view(service, "error_result", f"job_id = '{job.job_id}' AND state = 'DONE'")
    assert error["reason"] == "invalidQuery"


@documented(SECTION, "jobs.list filters by state", REST + "jobs/list")
def test_the_list(bigquery):
    job = bigquery.query("SELECT 1")
    job.result()
    assert job.job_id in {found.job_id for found in bigquery.list_jobs(state_filter="done", max_results=50)}
    assert job.job_id not in {found.job_id for found in bigquery.list_jobs(state_filter="running")}
