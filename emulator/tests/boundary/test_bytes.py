"""Bytes processed and billed."""

import pytest
from documented import COSTS, PRICING, documented
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.bigquery import QueryJobConfig

MIB = 1024 * 1024
ROWS = 1000
TABLE = f"""CREATE TABLE {{t}} AS SELECT n AS id, 'abc' AS name, [1.0, 2.0, 3.0, 4.0] AS v
FROM UNNEST(GENERATE_ARRAY(1, {ROWS})) AS n"""
ID, NAME, V = 8 * ROWS, 5 * ROWS, 32 * ROWS  # bytes of each column


@pytest.fixture
def table(bigquery, dataset):
    """1,000 rows of id (8 bytes), name (2 + 3 bytes) and v (4 x 8 bytes)."""
    bigquery.query_and_wait(TABLE.format(t=f"{dataset}.t"))
    return f"{dataset}.t"


CASES = [
    ("SELECT * FROM {t}", ID + NAME + V),
    ("SELECT id FROM {t} WHERE name = 'abc'", ID + NAME),
    ("SELECT COUNT(*) FROM {t}", 0),
    ("SELECT a.id FROM {t} AS a JOIN {t} AS b USING (id)", ID),
    ("WITH c AS (SELECT v FROM {t}) SELECT v FROM c", V),
    ("SELECT 1", 0),
    # What other parts of a statement name, or take the whole of, is not read here.
    ("SELECT name, v FROM (SELECT 'abc' AS name, 0 AS v) WHERE 1 IN (SELECT id FROM {t})", ID),
    ("SELECT s.*, a.id FROM (SELECT 'abc' AS other) AS s CROSS JOIN {t} AS a", ID),
    ("SELECT a.* FROM (SELECT 'abc' AS name) AS s CROSS JOIN {t} AS a", ID + NAME + V),
    ("SELECT id, (SELECT MAX(number) FROM UNNEST(a.v) AS number) AS most FROM {t} AS a", ID + V),
    ("INSERT INTO {t} (id) SELECT id + 1000 FROM {t}", ID),
    ("UPDATE {t} SET name = 'x' WHERE id = 1", ID + NAME + V),
    ("DELETE FROM {t} WHERE id = 1", ID + NAME + V),
    (
        "MERGE {t} AS t USING (SELECT 7 AS id) AS s ON t.id = s.id "
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (id)",
        ID,
    ),
    (
        "MERGE {t} AS t USING (SELECT 7 AS id) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = 'y'",
        ID + NAME + V,
    ),
    ("CREATE OR REPLACE TABLE {t}2 AS SELECT id FROM {t}", ID),
    ("CREATE OR REPLACE TABLE {t}2 (id INT64)", 0),
    (
        "SELECT base.id FROM VECTOR_SEARCH(TABLE {t}, 'v', (SELECT [1.0, 2.0, 3.0, 4.0] AS q), top_k => 1)",
        ID + V,
    ),
]


@documented("Jobs", "A query processes the columns that it reads; a dry run says so before", COSTS)
@pytest.mark.parametrize(("sql", "size"), CASES)
def test_the_columns_that_are_read_are_counted_and_a_dry_run_says_so_before(bigquery, table, sql, size):
    dry = bigquery.query(sql.format(t=table), job_config=QueryJobConfig(dry_run=True))
    assert (dry.total_bytes_processed, dry.total_bytes_billed) == (size, 0)
    job = bigquery.query(sql.format(t=table))
    job.result()
    assert (job.total_bytes_processed, job.total_bytes_billed) == (size, 10 * MIB if size else 0)


@documented("Jobs", "A query over a view processes the columns of its tables that are read", COSTS)
@pytest.mark.parametrize(
    ("view", "sql", "size"),
    [
        ("SELECT id, name AS n FROM {t} WHERE v IS NOT NULL", "SELECT id FROM {t}v", ID + V),
        ("SELECT id, name AS n FROM {t}", "SELECT n FROM {t}v", NAME),
        ("SELECT * FROM {t}", "SELECT id FROM {t}v", ID),
        ("SELECT id, UPPER(name) AS n FROM {t}", "SELECT * FROM {t}v", ID + NAME),
        ("SELECT id FROM {t}", "SELECT a.id, b.name FROM {t}v AS a JOIN {t} AS b USING (id)", ID + NAME),
        ("SELECT COUNT(*) AS c FROM {t}", "SELECT c FROM {t}v", 0),
    ],
)
def test_a_view_costs_what_its_tables_cost(bigquery, table, view, sql, size):
    bigquery.query_and_wait(f"CREATE VIEW {table}v AS {view.format(t=table)}")
    dry = bigquery.query(sql.format(t=table), job_config=QueryJobConfig(dry_run=True))
    job = bigquery.query(sql.format(t=table))
    job.result()
    assert (dry.total_bytes_processed, job.total_bytes_processed) == (size, size)


@documented("Jobs", "At least 10 MiB are billed for each table; a script is the sum of its statements", COSTS)
def test_the_bill_is_at_least_10_mib_for_each_table_and_a_script_is_the_sum(bigquery, table):
    bigquery.query_and_wait(f"CREATE TABLE {table}2 AS SELECT id AS other FROM {table}")
    pair = f"SELECT id, other FROM {table}, {table}2 LIMIT 1"
    job = bigquery.query(f"{pair}; SELECT id FROM {table}; SELECT 1")
    job.result()
    assert (job.total_bytes_processed, job.total_bytes_billed) == (3 * ID, 30 * MIB)
    bills = sorted(child.total_bytes_billed for child in bigquery.list_jobs(parent_job=job))
    assert bills == [0, 10 * MIB, 20 * MIB]


@documented("Jobs", "Above 10 MiB, bytes billed are rounded up to whole MiB", PRICING)
def test_more_than_the_least_is_rounded_up_to_whole_mib(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.big AS SELECT REPEAT('x', 10 * 1024 * 1024 - 1) AS s")
    job = bigquery.query(f"SELECT LENGTH(s) FROM {dataset}.big")
    job.result()
    assert (job.total_bytes_processed, job.total_bytes_billed) == (10 * MIB + 1, 11 * MIB)


def test_every_answer_and_the_jobs_view_say_the_same(bigquery, table):
    sql = f"SELECT id FROM {table}"
    rows = bigquery.query_and_wait(sql)
    assert rows.total_bytes_processed == ID
    job = bigquery.query(sql)
    assert job.result().total_bytes_processed == ID
    assert job._properties["statistics"]["totalBytesProcessed"] == str(ID)
    [row] = bigquery.query_and_wait(
        f"""SELECT total_bytes_processed, total_bytes_billed
        FROM `region-us`.INFORMATION_SCHEMA.JOBS WHERE job_id = '{job.job_id}'"""
    )
    assert tuple(row.values()) == (ID, 10 * MIB)


@documented("Jobs", "A query that would be billed more than `maximumBytesBilled` fails, unbilled", COSTS)
def test_a_query_over_its_limit_fails_before_it_runs(bigquery, table):
    config = QueryJobConfig(maximum_bytes_billed=10 * MIB - 1)
    job = bigquery.query(f"DELETE FROM {table} WHERE id = 1", job_config=config)
    message = "Query exceeded limit for bytes billed: 10485759. 10485760 or higher required."
    with pytest.raises(GoogleAPICallError, match=message):
        job.result()
    assert (job.error_result["reason"], job.total_bytes_billed) == ("bytesBilledLimitExceeded", 0)
    with pytest.raises(GoogleAPICallError, match=message):
        bigquery.query_and_wait(f"SELECT id FROM {table}", job_config=config)
    config = QueryJobConfig(maximum_bytes_billed=10 * MIB)
    assert len(list(bigquery.query_and_wait(f"SELECT id FROM {table}", job_config=config))) == ROWS
