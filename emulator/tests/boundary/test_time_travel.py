"""FOR SYSTEM_TIME AS OF: what a table held at a time."""

import datetime
import re
import time

import pytest
from documented import HISTORY, QUERY_SYNTAX, documented
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

SECTION = "Changes of tables"
AS_OF = QUERY_SYNTAX + "#for_system_time_as_of"


@pytest.fixture
def table(service, dataset):
    """A table of one row."""
    service.ask(f"CREATE TABLE {dataset}.t AS SELECT 1 AS x")
    return f"{dataset}.t"


@pytest.fixture
def now(service):
    """The service's time."""
    return lambda: service.ask("SELECT CURRENT_TIMESTAMP()")[0][0]


def literal(moment: datetime.datetime) -> str:
    """With microseconds and zone."""
    return f"TIMESTAMP '{moment.isoformat()}'"


@documented(SECTION, "FOR SYSTEM_TIME AS OF reads a table as it was at a time", HISTORY)
@pytest.mark.parametrize(
    "write", ["{}", "'{zoned}'", "TIMESTAMP(STRING({}))", "TIMESTAMP_ADD({}, INTERVAL 0 HOUR)"]
)
def test_an_unchanged_table(service, table, now, write):
    moment = now()
    moment = write.format(literal(moment), zoned=moment.isoformat())
    time.sleep(0.01)
    assert service.ask(f"SELECT t.x FROM {table} AS t FOR SYSTEM_TIME AS OF {moment} WHERE t.x > 0") == [(1,)]


@documented(SECTION, "… at the time of a parameter or a variable of the script, too", AS_OF)
def test_parameters_and_variables(service, table, now):
    moment = ScalarQueryParameter("moment", "TIMESTAMP", now())
    assert service.ask(f"SELECT x FROM {table} FOR SYSTEM_TIME AS OF @moment", moment) == [(1,)]
    moment = ScalarQueryParameter(None, "TIMESTAMP", now())
    x = ScalarQueryParameter(None, "INT64", 1)
    assert service.ask(f"SELECT x FROM {table} FOR SYSTEM_TIME AS OF ? WHERE x = ?", moment, x) == [(1,)]
    script = (
        f"DECLARE then_ TIMESTAMP DEFAULT CURRENT_TIMESTAMP(); "
        f"SELECT x FROM {table} FOR SYSTEM_TIME AS OF then_"
    )
    assert service.ask(script) == [(1,)]


@documented(SECTION, "A time before the table was made, or over seven days ago, is invalid", HISTORY)
@pytest.mark.parametrize("ago", ["1 HOUR", "8 DAY"])
def test_too_old(bigquery, service, table, ago):
    moment = f"TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {ago})"
    name = re.escape(f"{bigquery.project}:{table}")
    message = rf"Invalid snapshot time (\d+) for table {name}@\1\. Cannot read before \d+\."
    with pytest.raises(BadRequest, match=message):
        service.ask(f"SELECT * FROM {table} FOR SYSTEM_TIME AS OF {moment}")


@documented(SECTION, "… as is one in the future", AS_OF)
def test_future(service, table):
    with pytest.raises(BadRequest):
        service.ask(
            f"SELECT * FROM {table} FOR SYSTEM_TIME AS OF TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)"
        )


@documented(SECTION, "A statement reads a table at one point in time only", AS_OF)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM {t} JOIN {t} AS old FOR SYSTEM_TIME AS OF {at} USING (x)",
        "INSERT INTO {t} SELECT * FROM {t} FOR SYSTEM_TIME AS OF {at}",
        "SELECT * FROM {t} AS a FOR SYSTEM_TIME AS OF {at} JOIN {t} AS b "
        "FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP() USING (x)",
    ],
)
def test_two_times(service, table, now, statement):
    moment = literal(now())
    time.sleep(0.01)
    with pytest.raises(BadRequest, match="point in time"):
        service.ask(statement.format(t=table, at=moment))


@documented(SECTION, "The time is a constant expression, of a table that is stored", AS_OF)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM {t} FOR SYSTEM_TIME AS OF (SELECT CURRENT_TIMESTAMP())",
        "WITH c AS (SELECT 1 AS x) SELECT * FROM c FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
        "SELECT * FROM {t} AS o WHERE x IN (SELECT x FROM {d}.u FOR SYSTEM_TIME AS OF o.moment)",
    ],
)
def test_other_times(service, dataset, table, statement):
    service.ask(f"CREATE TABLE {dataset}.u AS SELECT 1 AS x, CURRENT_TIMESTAMP() AS moment")
    with pytest.raises(BadRequest):
        service.ask(statement.format(t=table, d=dataset))


@documented(SECTION, "A table that is gone is not found", HISTORY)
def test_a_dropped_table(service, table, now):
    moment = literal(now())
    service.ask(f"DROP TABLE {table}")
    with pytest.raises(NotFound):
        service.ask(f"SELECT * FROM {table} FOR SYSTEM_TIME AS OF {moment}")


@documented(SECTION, "A time without a zone is one of Los Angeles", AS_OF)
def test_the_zone(service, table):
    los_angeles = "FORMAT_TIMESTAMP('%F %H:%M:%E6S', CURRENT_TIMESTAMP(), 'America/Los_Angeles')"
    [(written,)] = service.ask(f"SELECT {los_angeles}")
    time.sleep(0.01)
    assert service.ask(f"SELECT x FROM {table} FOR SYSTEM_TIME AS OF '{written}'") == [(1,)]


@documented(SECTION, "A copy job takes `table@time`", HISTORY)
def test_a_copy(bigquery, service, dataset, table, now):
    moment = int(now().timestamp() * 1000) + 1
    time.sleep(0.01)
    bigquery.copy_table(f"{table}@{moment}", f"{dataset}.copied").result()
    assert service.ask(f"SELECT x FROM {dataset}.copied") == [(1,)]


def test_it_can_be_asked_for_in_a_dry_run(bigquery, table, now):
    config = QueryJobConfig(dry_run=True)
    job = bigquery.query(f"SELECT * FROM {table} FOR SYSTEM_TIME AS OF {literal(now())}", config)
    assert [field.name for field in job.schema] == ["x"]
