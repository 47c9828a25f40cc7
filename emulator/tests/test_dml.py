"""DML: one source row for a target row, two mutations of a table at a time, transactions (reference §8.4).

Sources (2026-08-22): https://docs.cloud.google.com/bigquery/docs/data-manipulation-language and
https://docs.cloud.google.com/bigquery/docs/transactions.
"""

import collections

import duckdb
import pytest
from documented import DML, DOCS, documented
from emulator_process import wait_until
from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import ConnectionProperty, QueryJobConfig
from local_bigquery.errors import BigQueryError
from local_bigquery.models import JobConfigurationQuery, JobStatistics2
from local_bigquery.sql.translate import Context, parse

from bqml_emulator.jobs import dml
from bqml_emulator.jobs.execution import Execution

IMAGES = 8
SEVERAL = "UPDATE/MERGE must match at most one source row for each target row"
ABORTED = r"Transaction is aborted due to concurrent update against table demo-project:{table}"
SOURCE = "(SELECT 1 AS x, n AS v FROM UNNEST([{values}]) AS n) AS s"
UPDATE = "UPDATE {table} AS t SET v = s.v FROM {source} WHERE t.x = s.x"
MERGE = "MERGE {table} AS t USING {source} ON t.x = s.x WHEN MATCHED THEN UPDATE SET v = s.v"


@pytest.fixture
def table(bigquery, dataset):
    """A table with the rows (1, 0), (2, 0), (3, 0)."""
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT x, 0 AS v FROM UNNEST([1, 2, 3]) AS x")
    return f"{dataset}.t"


def rows(client, table: str) -> dict[int, int]:
    """v by x."""
    return {row.x: row.v for row in client.query_and_wait(f"SELECT x, v FROM {table}")}


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("MATCHED AND s.x = 1 THEN UPDATE SET v = NULL", {1: None, 2: 0, 3: 0}),
        (
            "MATCHED THEN UPDATE SET x = s.x + 6, t.v = NULL "
            "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET x = NULL",
            {7: None, 8: None, None: 0},
        ),
        ("MATCHED AND t.v = CAST(NULL AS INT64) THEN UPDATE SET v = NULL", {1: 0, 2: 0, 3: 0}),
    ],
)
def test_merge_sets_null(bigquery, table, clause, expected):
    merge = f"MERGE {table} AS t USING (SELECT x FROM UNNEST([1, 2]) AS x) AS s ON t.x = s.x WHEN {clause}"
    bigquery.query_and_wait(merge)
    assert rows(bigquery, table) == expected


class Session:
    """A BigQuery session: statements that share a transaction."""

    def __init__(self, client):
        self.client = client
        job = client.query("SELECT 1", job_config=QueryJobConfig(create_session=True))
        job.result()
        self.properties = [ConnectionProperty("session_id", job.session_info.session_id)]

    def run(self, *statements: str):
        for statement in statements:
            config = QueryJobConfig(connection_properties=self.properties)
            self.client.query(statement, job_config=config, job_retry=None).result()


@pytest.fixture
def session(bigquery):
    session = Session(bigquery)
    yield session
    session.run("CALL BQ.ABORT_SESSION()")


@documented("Changes of tables", "UPDATE fails when two source rows match one target row, as MERGE does", DML)
@pytest.mark.parametrize("statement", [UPDATE, MERGE])
@pytest.mark.parametrize("script", ["{statement}", "BEGIN TRANSACTION; {statement}; COMMIT TRANSACTION;"])
def test_a_target_row_with_two_source_rows_is_refused(bigquery, table, statement, script):
    def run(values):
        update = statement.format(table=table, source=SOURCE.format(values=values))
        return bigquery.query_and_wait(script.format(statement=update))

    with pytest.raises(BadRequest, match=SEVERAL):
        run("7, 7")
    assert rows(bigquery, table) == {1: 0, 2: 0, 3: 0}
    run("7")
    assert rows(bigquery, table) == {1: 7, 2: 0, 3: 0}


def test_the_source_of_an_update_may_be_several_tables(bigquery, table):
    join = "FROM (SELECT 2 AS a) JOIN UNNEST([2, 3]) AS b ON a = b WHERE t.x = a"
    bigquery.query_and_wait(f"UPDATE {table} AS t SET v = b {join}")
    assert rows(bigquery, table) == {1: 0, 2: 2, 3: 0}
    with pytest.raises(BadRequest, match=SEVERAL):
        bigquery.query_and_wait(f"UPDATE {table} AS t SET v = b {join.replace('ON a = b', 'ON TRUE')}")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE {table} SET v = 1", r"UPDATE must have a WHERE clause at \[1:1\]"),
        ("-- all\n  DELETE FROM {table}", r"DELETE must have a WHERE clause at \[2:3\]"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_an_update_or_delete_says_which_rows(bigquery, table, statement, message, dry_run):
    with pytest.raises(BadRequest, match=message):
        bigquery.query(statement.format(table=table), QueryJobConfig(dry_run=dry_run)).result()


@documented("Changes of tables", "20 mutations of a table may wait; one more fails", DML)
def test_a_conflicting_statement_waits_for_the_transaction_and_twenty_may(bigquery, table, session):
    session.run("BEGIN TRANSACTION", f"UPDATE {table} SET v = 1 WHERE x = 1")
    bigquery.query_and_wait(f"INSERT INTO {table} (x, v) VALUES (4, 0)")  # never waits
    update = f"UPDATE {table} SET v = v + 1 WHERE x = 1"
    waiting = [bigquery.query(update, job_retry=None) for _ in range(20)]
    wait_until(lambda: {bigquery.get_job(job.job_id).state for job in waiting} == {"PENDING"})
    with pytest.raises(BadRequest) as refused:
        bigquery.query(f"DELETE FROM {table} WHERE x = 2", job_retry=None).result()
    assert refused.value.errors[0]["reason"] == "resourcesExceeded"
    assert refused.value.errors[0]["message"] == (
        "Resources exceeded during query execution: Too many DML statements outstanding against table "
        f"demo-project:{table}, limit is 20."
    )
    waiting[0].cancel()
    wait_until(lambda: bigquery.get_job(waiting[0].job_id).state == "DONE")
    session.run("COMMIT TRANSACTION")
    assert [job.result().num_dml_affected_rows for job in waiting[1:]] == [1] * 19
    assert rows(bigquery, table) == {1: 20, 2: 0, 3: 0, 4: 0}


@pytest.mark.parametrize("ending", ["ROLLBACK TRANSACTION", "CALL BQ.ABORT_SESSION()"])
def test_a_transaction_that_does_not_commit_lets_the_others_go_on(bigquery, table, ending):
    session = Session(bigquery)
    session.run("BEGIN TRANSACTION", f"UPDATE {table} SET v = 1 WHERE TRUE")
    job = bigquery.query(
        f"MERGE {table} AS t USING (SELECT 1 AS x) AS s ON FALSE WHEN NOT MATCHED THEN "
        "INSERT (x, v) VALUES (9, 9) WHEN NOT MATCHED BY SOURCE THEN DELETE"
    )
    wait_until(lambda: bigquery.get_job(job.job_id).state == "PENDING")
    Session(bigquery).run(f"INSERT INTO {table} (x, v) VALUES (4, 0)")
    session.run(ending)
    job.result()
    assert rows(bigquery, table) == {9: 9}


@documented(
    "Changes of tables",
    "Of two transactions on one table the second is aborted",
    DOCS + "transactions",
)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET v = 2 WHERE x = 3",
        "TRUNCATE TABLE {table}",
        "MERGE {table} AS t USING (SELECT 2 AS x) AS s ON t.x = s.x WHEN MATCHED THEN DELETE",
    ],
)
def test_the_second_transaction_on_a_table_is_cancelled(bigquery, table, session, statement):
    session.run("BEGIN TRANSACTION", f"DELETE FROM {table} WHERE x = 1")
    script = f"BEGIN TRANSACTION; INSERT INTO {table} (x, v) VALUES (5, 5); {statement}; COMMIT TRANSACTION;"
    with pytest.raises(BadRequest, match=ABORTED.format(table=table)):
        bigquery.query_and_wait(script.format(table=table))
    session.run("COMMIT TRANSACTION")
    assert rows(bigquery, table) == {2: 0, 3: 0}
    bigquery.query_and_wait(f"DELETE FROM {table} WHERE TRUE")


def test_a_transaction_does_not_overwrite_what_came_after_it_began(bigquery, table, session):
    session.run("BEGIN TRANSACTION", f"SELECT * FROM {table}")
    bigquery.query_and_wait(f"UPDATE {table} SET v = 5 WHERE x = 1")
    with pytest.raises(BadRequest, match=ABORTED.format(table=table)):
        session.run(f"UPDATE {table} SET v = v + 1 WHERE x = 1", "COMMIT TRANSACTION")
    assert rows(bigquery, table) == {1: 5, 2: 0, 3: 0}


def test_a_table_altered_under_a_transaction_cancels_it(bigquery, table, session):
    session.run("BEGIN TRANSACTION", f"INSERT INTO {table} (x, v) VALUES (6, 6)")
    bigquery.query_and_wait(f"ALTER TABLE {table} ADD COLUMN w INT64")
    with pytest.raises(BadRequest, match=ABORTED.format(table=table)):
        session.run("COMMIT TRANSACTION")
    assert rows(bigquery, table) == {1: 0, 2: 0, 3: 0}


def test_an_unfinished_transaction_of_a_script_is_rolled_back(bigquery, table):
    bigquery.query_and_wait(f"BEGIN TRANSACTION; UPDATE {table} SET v = 1 WHERE TRUE;")
    assert rows(bigquery, table) == {1: 0, 2: 0, 3: 0}
    bigquery.query_and_wait(f"UPDATE {table} SET v = 2 WHERE x = 1")
    assert rows(bigquery, table) == {1: 2, 2: 0, 3: 0}


@documented("Changes of tables", "Two mutations of a table run at a time, the others are PENDING", DML)
def test_two_mutations_of_a_table_run_and_the_third_is_pending(service):
    """Their model calls count: a job that embeds holds its place. No call is made twice."""
    client = service.bigquery()
    client.query_and_wait("CREATE OR REPLACE TABLE ds.e (uri STRING)")
    service.faults(model_latency_seconds=1.0)
    merge = (
        "MERGE ds.e AS t USING (SELECT uri FROM ML.GENERATE_EMBEDDING(MODEL ds.model, TABLE ds.images)) AS s "
        "ON t.uri = s.uri WHEN NOT MATCHED THEN INSERT (uri) VALUES (s.uri)"
    )
    jobs = [client.query(merge, job_retry=None) for _ in range(3)]

    def states():
        return collections.Counter(client.get_job(job.job_id).state for job in jobs)

    wait_until(lambda: states() == {"RUNNING": 2, "PENDING": 1})
    assert sorted(job.result().num_dml_affected_rows for job in jobs) == [0, 0, IMAGES]
    assert len(service.calls()) == 3 * IMAGES
    assert client.get_table("ds.e").num_rows == IMAGES


@documented(
    "Changes of tables", "A conflict is rerun three times, then reported in the documented words", DML
)
@pytest.mark.parametrize("conflicts", [0, 3, 4])
def test_a_conflict_is_rerun_three_times_and_then_reported(conflicts):
    """DuckDB's own conflicts need another writer at the very moment, so this one is made up."""
    with duckdb.connect() as cursor:
        cursor.execute("CREATE TABLE t AS SELECT 0 AS v")
        left = [duckdb.TransactionException("TransactionContext Error: Conflict on update!")] * conflicts

        def statement():
            cursor.execute("UPDATE t SET v = v + 1")
            if left:
                raise left.pop()
            return JobStatistics2()

        running, context = Execution(cursor, "p", None, JobConfigurationQuery(), False), Context("p", "d")
        [update] = parse("UPDATE t SET v = v + 1 WHERE TRUE")
        if conflicts <= 3:
            dml.run(running, update, context, statement)
        else:
            text = "Could not serialize access to table p:d.t due to concurrent update"
            with pytest.raises(BigQueryError, match=text):
                dml.run(running, update, context, statement)
        assert cursor.execute("FROM t").fetchall() == [(int(conflicts <= 3),)]


@pytest.mark.parametrize(
    ("source", "on", "rows"),
    [
        ("UNNEST([STRUCT('a' AS id, 9 AS n), ('b', 2)]) AS s", "t.id = s.id", [("a", 9), ("b", 2)]),
        ("UNNEST([1, 3]) AS s", "t.n = s", [("a", 1), (None, 3)]),
    ],
)
@documented("Changes of tables", "MERGE takes an array as its source", DML)
def test_an_array_is_the_source_of_a_merge(bigquery, source, on, rows):
    values = "s.id, s.n" if "STRUCT" in source else "NULL, s"
    number = values.rpartition(" ")[2]
    script = f"""
        CREATE TEMP TABLE t (id STRING, n INT64);
        INSERT INTO t VALUES ('a', 1);
        MERGE t USING {source} ON {on} WHEN MATCHED THEN UPDATE SET n = {number}
        WHEN NOT MATCHED THEN INSERT (id, n) VALUES ({values});
        SELECT id, n FROM t ORDER BY n DESC;
    """
    assert sorted((tuple(row.values()) for row in bigquery.query_and_wait(script)), key=str) == sorted(
        rows, key=str
    )


def test_a_session_is_ended_from_outside(bigquery):
    job = bigquery.query("SELECT 1", job_config=QueryJobConfig(create_session=True))
    job.result()
    session = job.session_info.session_id
    bigquery.query_and_wait(f"CALL BQ.ABORT_SESSION('{session}')")
    of_it = QueryJobConfig(connection_properties=[ConnectionProperty("session_id", session)])
    for sql, config in ((f"CALL BQ.ABORT_SESSION('{session}')", None), ("SELECT 1", of_it)):
        with pytest.raises(BadRequest, match="Invalid input session id"):
            bigquery.query(sql, job_config=config).result()


def test_a_merge_inserts_values_without_columns(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t (a STRING, b INT64)")
    bigquery.query_and_wait(
        f"MERGE {dataset}.t t USING (SELECT 'x' AS k) s ON t.a = s.k "
        "WHEN NOT MATCHED THEN INSERT VALUES (k, 1 + 1)"
    )
    assert [dict(row) for row in bigquery.query_and_wait(f"SELECT * FROM {dataset}.t")] == [
        {"a": "x", "b": 2}
    ]


def test_json_columns_are_set(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT 1 AS x, JSON '0' AS v")
    bigquery.query_and_wait(f"UPDATE {dataset}.t SET v = JSON '{{\"a\": 1}}' WHERE x = 1")
    assert [row.v for row in bigquery.query_and_wait(f"SELECT v FROM {dataset}.t")] == [{"a": 1}]
    with pytest.raises(BadRequest, match="Equality is not defined"):
        bigquery.query_and_wait(f"UPDATE {dataset}.t SET x = 2 WHERE v = JSON '1'")
