"""Case-insensitive datasets: they and their tables are found however they are spelt."""

import grpc
import pytest
from documented import DDL, REST, documented
from emulator_process import EmulatorProcess, free_port
from google.api_core.exceptions import Conflict, NotFound
from google.cloud.bigquery import CopyJobConfig, Dataset, QueryJobConfig, Table
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from local_bigquery.models import Dataset as DatasetResource

from bqml_emulator.engine import spelling

READ = "2026-11-27"


@pytest.fixture
def dataset(bigquery, dataset):
    """The usual one, with a table, and insensitive from now on."""
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.Words AS SELECT 1 AS x")
    bigquery.query_and_wait(f"ALTER SCHEMA {dataset} SET OPTIONS (is_case_insensitive = TRUE)")
    return dataset


@pytest.fixture
def shouted(dataset) -> str:
    return f"{dataset.upper()}.WORDS"


@documented("Changes of tables", "Case-insensitive datasets: their tables are found in any case", DDL, READ)
def test_statements(bigquery, dataset, shouted):
    bigquery.query_and_wait(f"INSERT {shouted} VALUES (2)")
    bigquery.query_and_wait(f"UPDATE {dataset}.words SET x = 3 WHERE x = 2")
    bigquery.query_and_wait(f"ALTER TABLE {shouted} ADD COLUMN y INT64")
    bigquery.query_and_wait(f"ALTER TABLE {shouted} SET OPTIONS (description = 'heard')")
    bigquery.query_and_wait(f"CREATE VIEW {dataset}.Seen AS SELECT x FROM {shouted}")
    assert sorted(row.x for row in bigquery.query_and_wait(f"SELECT words.x FROM {dataset}.words")) == [1, 3]
    assert len(list(bigquery.query_and_wait(f"SELECT * FROM {dataset}.SEEN"))) == 2
    config = QueryJobConfig(default_dataset=f"{bigquery.project}.{dataset.upper()}")
    job = bigquery.query("SELECT x FROM wOrDs", config)
    assert len(list(job.result())) == 2
    assert [table.table_id for table in bigquery.list_tables(dataset.upper())] == ["Seen", "Words"]
    assert bigquery.get_table(shouted).description == "heard"
    view = f"{dataset.upper()}.INFORMATION_SCHEMA.TABLES"
    names = bigquery.query_and_wait(f"SELECT table_name FROM {view} ORDER BY 1")
    assert [row.table_name for row in names] == ["Seen", "Words"]
    bigquery.query_and_wait(f"DROP VIEW {dataset}.seen; DROP TABLE {shouted}")
    assert not list(bigquery.list_tables(dataset))


def test_a_name_is_taken_in_any_case(bigquery, dataset, shouted):
    with pytest.raises(Conflict):
        bigquery.query_and_wait(f"CREATE TABLE {shouted} (x INT64)")
    with pytest.raises(Conflict):
        bigquery.create_table(Table(f"{bigquery.project}.{shouted}"))
    with pytest.raises(Conflict):
        bigquery.create_dataset(dataset.upper())
    with pytest.raises(Conflict):
        bigquery.query_and_wait(f"CREATE SCHEMA {dataset.upper()}")
    bigquery.query_and_wait(f"CREATE OR REPLACE TABLE {shouted} AS SELECT 5 AS x")
    assert [t.table_id for t in bigquery.list_tables(dataset)] == ["Words"]
    bigquery.query_and_wait(f"CREATE TABLE IF NOT EXISTS {dataset}.words AS SELECT 6 AS x")
    assert [row.x for row in bigquery.query_and_wait(f"SELECT x FROM {shouted}")] == [5]


@documented("Changes of tables", "`isCaseInsensitive` of datasets in the REST API", REST + "datasets", READ)
def test_rest(bigquery, dataset, shouted):
    assert bigquery.get_dataset(dataset.upper()).dataset_id == dataset
    assert bigquery.get_dataset(dataset).is_case_insensitive
    table = bigquery.get_table(shouted)
    assert table.table_id == "Words"
    assert bigquery.test_iam_permissions(shouted, ["bigquery.tables.getData"])["permissions"]
    assert bigquery.insert_rows_json(shouted, [{"x": 7}]) == []
    assert len(list(bigquery.list_rows(bigquery.get_table(f"{dataset}.wordS")))) == 2
    bigquery.copy_table(shouted, f"{dataset}.Copy", job_config=CopyJobConfig()).result()
    bigquery.copy_table(
        shouted, f"{dataset}.COPY", job_config=CopyJobConfig(write_disposition="WRITE_APPEND")
    ).result()
    assert [t.table_id for t in bigquery.list_tables(dataset)] == ["Copy", "Words"]
    bigquery.delete_table(f"{dataset}.cOPY")
    assert [t.table_id for t in bigquery.list_tables(dataset)] == ["Words"]


def test_a_dataset_that_changes_while_the_datasets_are_read(monkeypatch):
    def fetch(_):
        monkeypatch.setattr(spelling.database, "fetch", lambda _: [("p", "New")])
        spelling._forgetting(lambda *_: None)(DatasetResource)  # another thread's
        return []

    monkeypatch.setattr(spelling.database, "fetch", fetch)
    monkeypatch.setattr(spelling, "_known", (None, {}))
    assert spelling.dataset("p", "new") == "new"
    assert spelling.dataset("p", "new") == "New"


def test_a_dataset_made_so(bigquery):
    name = "Case_Made_Rest"
    made = Dataset(f"{bigquery.project}.{name}")
    made.is_case_insensitive = True
    bigquery.create_dataset(made)
    bigquery.query_and_wait(f"CREATE TABLE {name.lower()}.T AS SELECT 1 AS x")
    assert list(bigquery.query_and_wait(f"SELECT x FROM {name}.t"))
    found = bigquery.query_and_wait(
        f"SELECT option_value FROM INFORMATION_SCHEMA.SCHEMATA_OPTIONS WHERE schema_name = '{name}' "
        "AND option_name = 'is_case_insensitive'"
    )
    assert [row.option_value for row in found] == ["true"]
    bigquery.query_and_wait(f"DROP SCHEMA {name.upper()} CASCADE")
    with pytest.raises(NotFound):
        bigquery.get_dataset(name)
    bigquery.query_and_wait(f"CREATE SCHEMA {name}")
    assert not bigquery.get_dataset(name).is_case_insensitive
    with pytest.raises(NotFound):
        bigquery.get_dataset(name.lower())
    bigquery.query_and_wait(f"DROP SCHEMA {name}")


def test_others_stay_as_they_were(bigquery):
    bigquery.query_and_wait("CREATE SCHEMA case_kept OPTIONS (is_case_insensitive = FALSE)")
    bigquery.query_and_wait("CREATE TABLE case_kept.T AS SELECT 1 AS x")
    for sql in ("SELECT * FROM case_kept.t", "SELECT * FROM CASE_KEPT.T"):
        with pytest.raises(NotFound):
            bigquery.query_and_wait(sql)
    with pytest.raises(NotFound):
        bigquery.get_table("case_kept.t")
    bigquery.query_and_wait("DROP SCHEMA case_kept CASCADE")


def test_object_tables(bigquery, emulator, dataset):
    emulator.upload("case-objects", {"a.png": b"x"})
    bigquery.query_and_wait(
        f"CREATE EXTERNAL TABLE {dataset.upper()}.Pictures WITH CONNECTION DEFAULT "
        "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://case-objects/*'], "
        "max_staleness = INTERVAL 1 DAY, metadata_cache_mode = 'MANUAL')"
    )
    bigquery.query_and_wait(f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{dataset}.PICTURES')")
    assert len(list(bigquery.query_and_wait(f"SELECT uri FROM {dataset}.pictures"))) == 1
    bigquery.query_and_wait(f"DROP EXTERNAL TABLE {dataset}.pictures")
    assert [t.table_id for t in bigquery.list_tables(dataset)] == ["Words"]


def test_a_restart_keeps_it(own_emulator):
    bigquery = own_emulator.bigquery()
    bigquery.query_and_wait(
        "CREATE SCHEMA d OPTIONS (is_case_insensitive = TRUE); CREATE TABLE d.T AS SELECT 1 AS x"
    )
    own_emulator.restart()
    assert list(bigquery.query_and_wait("SELECT x FROM D.t"))


def test_the_storage_read_api(tmp_path):
    port = free_port()
    with EmulatorProcess(tmp_path, EMULATOR_READ_PORT=str(port)) as process:
        process.bigquery().query_and_wait(
            "CREATE SCHEMA D OPTIONS (is_case_insensitive = TRUE); CREATE TABLE D.T AS SELECT 1 AS x"
        )
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
            wanted = {"table": "projects/demo-project/datasets/d/tables/t", "data_format": "ARROW"}
            session = client.create_read_session(parent="projects/demo-project", read_session=wanted)
            rows = client.read_rows(session.streams[0].name).to_arrow(session)
        assert rows.to_pylist() == [{"x": 1}]
