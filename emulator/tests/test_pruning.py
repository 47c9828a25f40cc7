"""Bytes of partitioned and clustered tables: what the filters leave; whole tables where it is not certain."""

import datetime

import pytest
from documented import COSTS, DOCS, documented
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

PARTITIONED, CLUSTERED = DOCS + "querying-partitioned-tables", DOCS + "querying-clustered-tables"
DAYS, ROWS = 10, 100  # rows of each day
DAY = datetime.date(2026, 11, 1)
TABLES = f"""
CREATE TABLE {{ds}}.plain AS
SELECT DATE_ADD(DATE '{DAY}', INTERVAL d DAY) AS day, TIMESTAMP_ADD(TIMESTAMP '{DAY} 06:00:00',
  INTERVAL d DAY) AS ts, FORMAT('k%d', MOD(n, 10)) AS k, n AS n
FROM UNNEST(GENERATE_ARRAY(0, {DAYS - 1})) AS d, UNNEST(GENERATE_ARRAY(1, {ROWS})) AS n;
CREATE TABLE {{ds}}.by_day PARTITION BY day AS SELECT * FROM {{ds}}.plain;
CREATE TABLE {{ds}}.by_ts PARTITION BY TIMESTAMP_TRUNC(ts, DAY) AS SELECT * FROM {{ds}}.plain;
CREATE TABLE {{ds}}.by_month PARTITION BY DATE_TRUNC(day, MONTH) AS SELECT * FROM {{ds}}.plain;
CREATE TABLE {{ds}}.by_key CLUSTER BY k, n AS SELECT * FROM {{ds}}.plain;
CREATE TABLE {{ds}}.both PARTITION BY day CLUSTER BY k AS SELECT * FROM {{ds}}.plain;
CREATE VIEW {{ds}}.latest AS SELECT n, day FROM {{ds}}.by_day WHERE day >= '2026-11-09';
"""
PARAMETERS = [
    ScalarQueryParameter("day", "DATE", datetime.date(2026, 11, 3)),
    ScalarQueryParameter("none", "DATE", None),
    ScalarQueryParameter("k", "STRING", "k1"),
]
ALL = DAYS * ROWS * 16  # bytes of n and one of the dates
A_DAY = ROWS * 16
PRUNED = "SELECT n FROM {ds}.by_day WHERE day = @day"
KEYS = DAYS * ROWS * (8 + 4)  # bytes of n and k


@pytest.fixture(scope="module")
def ds(bigquery):
    """A dataset with the same 1,000 rows (10 days, 10 keys) in tables of every shape."""
    name = "pruning"
    bigquery.query_and_wait(f"CREATE SCHEMA {name}; {TABLES.format(ds=name)}")
    yield name
    bigquery.query_and_wait(f"DROP SCHEMA {name} CASCADE")


def processed(bigquery, sql: str, **options) -> int:
    job = bigquery.query(sql, job_config=QueryJobConfig(query_parameters=PARAMETERS, **options))
    job.result()
    return job.total_bytes_processed


@documented("Jobs", "A filter of constants on the partitioning column skips other partitions", PARTITIONED)
@pytest.mark.parametrize(
    ("table", "where", "days"),
    [
        ("by_day", "day = '2026-11-03'", 1),
        ("by_day", "day = DATE '2026-11-03' AND n > 3", 1),
        ("by_day", "t.day = @day", 1),
        ("by_day", "day > @day", 7),
        ("by_day", "day >= @day", 8),
        ("by_day", "@day > day", 2),
        ("by_day", "day <= DATE_ADD(@day, INTERVAL 1 DAY)", 4),
        ("by_day", "(day BETWEEN '2026-11-02' AND @day)", 2),
        ("by_day", "day IN ('2026-11-02', '2026-11-05', '2030-01-01')", 2),
        ("by_day", "day >= '2026-11-02' AND (n = 1 AND day < @day)", 1),
        ("by_day", "day = '2030-01-01'", 0),
        ("by_ts", "ts = '2026-11-03 07:00:00'", 1),
        ("by_ts", "ts >= '2026-11-03 07:00:00'", 8),
        ("by_ts", "ts < '2026-11-03'", 2),
        ("by_ts", "ts > TIMESTAMP_SUB(TIMESTAMP '2026-11-04', INTERVAL 1 DAY)", 8),
        ("by_month", "day = '2026-11-03'", 10),
        ("by_month", "day > '2026-12-03'", 0),
        ("latest", "TRUE", 2),
        # nothing is certain
        ("by_day", "day = '2026-11-03' OR n = 1", 10),
        ("by_day", "EXTRACT(DAY FROM day) = 3", 10),
        ("by_day", "day = (SELECT @day)", 10),
        ("by_day", "day != '2026-11-03'", 10),
        ("by_day", "day = @none", 10),
        ("by_day", "day = DATE_ADD(day, INTERVAL 0 DAY)", 10),
        ("latest", "day = '2026-11-10'", 2),
        ("plain", "day = '2026-11-03'", 10),
    ],
)
def test_partitions_are_pruned_also_in_a_dry_run(bigquery, ds, table, where, days):
    column = "ts" if table == "by_ts" else "day"
    sql = f"SELECT n, {column} FROM {ds}.{table} AS t WHERE {where}"
    assert processed(bigquery, sql) == days * A_DAY
    assert processed(bigquery, sql, dry_run=True) == days * A_DAY


@documented("Jobs", "Filters of constants on the first clustering columns skip blocks", CLUSTERED)
@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("k = 'k1'", 100),
        ("k = @k AND n < 50", 50),
        ("k > 'k7' AND n = 1", 200),
        ("k IN ('k1', @k, 'k2')", 200),
        ("n = 1", 1000),
        ("k = 'k1' OR n = 1", 1000),
        ("UPPER(k) = 'K1'", 1000),
        ("k = CAST(n AS STRING)", 1000),
        ("k IN (SELECT 'k1')", 1000),
    ],
)
def test_blocks_are_pruned_but_no_estimate_knows_it(bigquery, ds, where, rows):
    sql = f"SELECT n, k FROM {ds}.by_key WHERE {where}"
    assert processed(bigquery, sql) == rows * 12
    assert processed(bigquery, sql, dry_run=True) == KEYS


@documented("Jobs", "The limit on bytes billed does not know which blocks are skipped", COSTS)
def test_the_limit_goes_by_the_estimate(bigquery, ds):
    big = f"CREATE TABLE {ds}.big CLUSTER BY k AS SELECT k, REPEAT('x', 4 * 1024 * 1024) AS s FROM UNNEST("
    bigquery.query_and_wait(f"{big}['a', 'b', 'c', 'd']) AS k")
    sql = f"SELECT LENGTH(s) FROM {ds}.big WHERE k = 'a'"
    job = bigquery.query(sql)
    job.result()
    assert job.total_bytes_billed == 10 * 1024 * 1024
    with pytest.raises(GoogleAPICallError, match=r"11534336\. 17825792 or higher required"):
        processed(bigquery, sql, maximum_bytes_billed=11 * 1024 * 1024)


@pytest.mark.parametrize(
    ("sql", "size"),
    [
        ("SELECT a.n, b.n FROM {ds}.by_day a JOIN {ds}.plain b USING (day) WHERE a.day = @day", A_DAY + ALL),
        ("SELECT a.n FROM {ds}.plain b, {ds}.by_day a WHERE a.day = @day AND b.day = a.day", A_DAY + ALL),
        ("SELECT a.n FROM {ds}.by_day a LEFT JOIN {ds}.plain b USING (day) WHERE a.day = @day", A_DAY + ALL),
        ("SELECT b.n FROM {ds}.plain a LEFT JOIN {ds}.by_day b USING (day) WHERE b.day = @day", 2 * ALL),
        ("SELECT a.n FROM {ds}.by_day a FULL JOIN {ds}.plain b USING (day) WHERE a.day = @day", 2 * ALL),
        ("SELECT a.n FROM {ds}.by_day a JOIN {ds}.plain b USING (day) WHERE day = @day", 2 * ALL),
        # each place of a table counts
        (f"{PRUNED} UNION ALL SELECT n FROM {{ds}}.by_day WHERE day > '2026-11-09'", 2 * A_DAY),
        (f"{PRUNED} UNION ALL SELECT n FROM {{ds}}.by_day", ALL),
        ("WITH c AS (SELECT n FROM {ds}.by_day WHERE day = @day) SELECT n FROM c", A_DAY),
        ("SELECT EXISTS (SELECT 1 FROM {ds}.by_day WHERE day = @day AND n = 1)", A_DAY),
        ("SELECT n, k FROM {ds}.both WHERE day = @day AND k = 'k1'", 10 * (8 + 8 + 4)),
        ("INSERT INTO {ds}.plain (n, day) SELECT n, day FROM {ds}.by_day WHERE day = '2030-01-01'", 0),
    ],
)  # fmt: skip
def test_each_table_is_pruned_by_the_query_it_stands_in(bigquery, ds, sql, size):
    assert processed(bigquery, sql.format(ds=ds)) == size


@pytest.mark.parametrize("statement", ["UPDATE {t} SET n = n + 1", "DELETE FROM {t}"])
def test_dml_rewrites_partitions_but_no_blocks(bigquery, ds, statement):
    whole = DAYS * ROWS * (8 + 8 + 8 + 4)
    for shape, where, size in (
        ("PARTITION BY day CLUSTER BY k", "day = @day AND k = 'k1'", whole // DAYS),
        ("CLUSTER BY k", "k = 'k1'", whole),
        ("PARTITION BY day", "TRUE", whole),
    ):
        bigquery.query_and_wait(
            f"DROP TABLE IF EXISTS {ds}.copy; CREATE TABLE {ds}.copy {shape} AS SELECT * FROM {ds}.plain"
        )
        sql = f"{statement.format(t=f'{ds}.copy')} WHERE {where}"
        assert processed(bigquery, sql) == size, shape


def test_variables_are_constants_and_columns_are_not(bigquery, ds):
    script = f"""DECLARE v DATE DEFAULT @day; DECLARE n INT64 DEFAULT 1;
    DECLARE found INT64 DEFAULT (SELECT COUNT(n) FROM {ds}.by_day WHERE day = v);
    IF EXISTS (SELECT n FROM {ds}.by_day WHERE day = v) THEN
      SELECT n FROM {ds}.by_day WHERE day = v;
    END IF"""
    assert processed(bigquery, script) == 3 * A_DAY
    hidden = f"DECLARE n STRING DEFAULT 'k1'; SELECT n FROM {ds}.by_key WHERE k = CAST(n AS STRING)"
    assert processed(bigquery, hidden) == KEYS
    nested = f"""DECLARE v DATE DEFAULT '2026-11-03'; SELECT n FROM {ds}.plain AS p
    JOIN (SELECT DATE '2026-11-03' AS v) ON TRUE WHERE EXISTS (SELECT n FROM {ds}.by_day WHERE day = v)"""
    assert processed(bigquery, nested) == 2 * ALL
