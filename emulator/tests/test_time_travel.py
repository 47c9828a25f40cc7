"""A table that was changed since is refused, however it was changed; never answered with what is there."""

import time

import pytest
from documented import HISTORY, not_emulated
from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import (
    ConnectionProperty,
    CopyJobConfig,
    LoadJobConfig,
    QueryJobConfig,
    SchemaField,
)

REFUSED = "not emulated: FOR SYSTEM_TIME AS OF a time before the last change of table"


def moment(bigquery) -> str:
    """Now, and a little later it is the past."""
    [row] = bigquery.query_and_wait("SELECT STRING(CURRENT_TIMESTAMP()) AS now")
    time.sleep(0.002)
    return f"TIMESTAMP '{row.now}'"


def read(bigquery, name: str, at: str) -> list[int]:
    return [row.x for row in bigquery.query_and_wait(f"SELECT x FROM {name} FOR SYSTEM_TIME AS OF {at}")]


def load(bigquery, name: str):
    bigquery.load_table_from_json([{"x": 2}], name, job_config=LoadJobConfig(autodetect=True)).result()


def write(bigquery, name: str):
    config = QueryJobConfig(destination=f"{bigquery.project}.{name}", write_disposition="WRITE_APPEND")
    bigquery.query("SELECT 2 AS x", job_config=config).result()


def copy(bigquery, name: str):
    bigquery.query_and_wait(f"CREATE TABLE {name}_2 AS SELECT 2 AS x")
    config = {"write_disposition": "WRITE_TRUNCATE"}
    bigquery.copy_table(f"{name}_2", name, job_config=CopyJobConfig(**config)).result()


def extend(bigquery, name: str):
    table = bigquery.get_table(name)
    table.schema = [*table.schema, SchemaField("y", "INTEGER")]
    bigquery.update_table(table, ["schema"])


CHANGES = {
    "INSERT": "INSERT INTO {t} VALUES (2)",
    "UPDATE": "UPDATE {t} SET x = 2 WHERE TRUE",
    "DELETE": "DELETE FROM {t} WHERE TRUE",
    "MERGE": "MERGE {t} AS t USING (SELECT 2 AS x) AS s ON FALSE WHEN NOT MATCHED THEN INSERT (x) VALUES (2)",
    "TRUNCATE": "TRUNCATE TABLE {t}",
    "REPLACE": "CREATE OR REPLACE TABLE {t} AS SELECT 2 AS x",
    "ADD COLUMN": "ALTER TABLE {t} ADD COLUMN y INT64",
    "RENAME": "CREATE TABLE {t}_new AS SELECT 2 AS x; DROP TABLE {t}; ALTER TABLE {t}_new RENAME TO t",
    "transaction": "BEGIN TRANSACTION; INSERT INTO {t} VALUES (2); COMMIT TRANSACTION",
    "insertAll": lambda client, name: client.insert_rows_json(name, [{"x": 2}]),
    "load": load,
    "destination": write,
    "copy": copy,
    "schema": extend,
}


@not_emulated("Changes of tables", "Versions of a table before its last change are not kept", HISTORY)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_table_is_refused(bigquery, dataset, change):
    name = f"{dataset}.t"
    bigquery.query_and_wait(f"CREATE TABLE {name} AS SELECT 1 AS x")
    before = moment(bigquery)
    assert read(bigquery, name, before) == [1]
    if isinstance(change, str):
        bigquery.query_and_wait(change.format(t=name))
    else:
        change(bigquery, name)
    after = moment(bigquery)
    with pytest.raises(BadRequest, match=f"{REFUSED}|Cannot read before"):
        read(bigquery, name, before)
    assert len(read(bigquery, name, after)) < 3


def test_an_open_transaction_changes_its_tables(bigquery, dataset):
    name = f"{dataset}.t"
    bigquery.query_and_wait(f"CREATE TABLE {name} AS SELECT 1 AS x")
    session = bigquery.query("SELECT 1", job_config=QueryJobConfig(create_session=True))
    session.result()
    config = QueryJobConfig(
        connection_properties=[ConnectionProperty("session_id", session.session_info.session_id)]
    )
    bigquery.query(f"BEGIN TRANSACTION; INSERT INTO {name} VALUES (2)", job_config=config).result()
    at = moment(bigquery)
    with pytest.raises(BadRequest, match=REFUSED):
        read(bigquery, name, at)
    bigquery.query("COMMIT TRANSACTION", job_config=config).result()
    assert sorted(read(bigquery, name, moment(bigquery))) == [1, 2]


def test_after_a_restart_only_times_since_then_are_known(own_emulator):
    client = own_emulator.bigquery()
    client.query_and_wait("CREATE SCHEMA ds; CREATE TABLE ds.t AS SELECT 1 AS x")
    before = moment(client)
    own_emulator.restart()
    client = own_emulator.bigquery()
    with pytest.raises(BadRequest, match=REFUSED):
        read(client, "ds.t", before)
    assert read(client, "ds.t", moment(client)) == [1]


def test_a_view_and_an_object_table_have_no_history(bigquery, dataset, emulator):
    emulator.upload("history", {"a.png": b"x"})
    bigquery.query_and_wait(
        f"CREATE VIEW {dataset}.v AS SELECT 1 AS x; "
        f"CREATE EXTERNAL TABLE {dataset}.o WITH CONNECTION DEFAULT "
        "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://history/*'])"
    )
    for name, message in (("v", "not emulated: FOR SYSTEM_TIME AS OF of view"), ("o", "is external")):
        with pytest.raises(BadRequest, match=message):
            bigquery.query_and_wait(
                f"SELECT COUNT(*) FROM {dataset}.{name} FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()"
            )


def test_a_snapshot_is_of_its_time(bigquery, dataset):
    name = f"{dataset}.t"
    bigquery.query_and_wait(f"CREATE TABLE {name} AS SELECT 1 AS x")
    at = moment(bigquery)
    snapshot = f"CREATE SNAPSHOT TABLE {name}_{{}} CLONE {name} FOR SYSTEM_TIME AS OF {at}"
    bigquery.query_and_wait(snapshot.format(1))
    assert [row.x for row in bigquery.query_and_wait(f"SELECT x FROM {name}_1")] == [1]
    bigquery.query_and_wait(f"INSERT INTO {name} VALUES (2)")
    with pytest.raises(BadRequest, match=REFUSED):
        bigquery.query_and_wait(snapshot.format(2))
