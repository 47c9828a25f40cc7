"""SQL reaches the tables and nothing else: no file, no address, no setting, no other database.

DuckDB itself is locked (database_files.LOCK), which is proved here with the analyzer turned off; with it,
nothing of DuckDB's own is found (test_analyzer.py). What remains without it, read only because COPY is no
statement here: the bytes of DuckDB's own files, of what it spills, and of what load and export jobs exchange
with the storage while they run; and DuckDB's catalog functions, which tell settings, names of tables and the
path of the data folder.
"""

import duckdb
import pytest
import requests
from emulator_process import EmulatorProcess
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.bigquery import ExtractJobConfig, LoadJobConfig

from bqml_emulator.engine import database_files

SECRET = "the secret of this machine"
FILES = [
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv(['{file}'])",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM read_text('{folder}/*')",
    "SELECT * FROM read_text('{uploads}/../../{name}')",
    "SELECT * FROM read_blob('{data}/ledger.sqlite')",
    "SELECT * FROM read_blob('{data}/objects/objects.sqlite')",
    "SELECT * FROM read_duckdb('{data}/bigquery/emulator.duckdb')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM parquet_metadata('{file}')",
    "SELECT * FROM query('SELECT * FROM read_text(''{file}'')')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM `{file}`",
    "SELECT (SELECT content FROM read_text('{file}'))",
    "CREATE TABLE {dataset}.copy AS SELECT * FROM read_text('{file}')",
    "CREATE VIEW {dataset}.v AS SELECT * FROM read_text('{file}'); SELECT * FROM {dataset}.v",
    "EXECUTE IMMEDIATE \"SELECT * FROM read_text('{file}')\"",
    "COPY (SELECT 1) TO '{target}'",
    "COPY {dataset}.t TO '{target}'",
    "COPY {dataset}.t FROM '{file}'",
    "EXPORT DATA OPTIONS (uri = '{target}', format = 'CSV') AS SELECT 1 AS a",
    "EXPORT DATA OPTIONS (uri = 'file://{target}', format = 'CSV') AS SELECT 1 AS a",
    "EXPORT DATABASE '{target}'",
    "IMPORT DATABASE '{folder}'",
]
ADDRESSES = [
    "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    "SELECT * FROM read_text('https://example.com/')",
    "SELECT * FROM read_parquet('s3://bucket/x')",
    "SELECT * FROM read_parquet('gcs://bucket/x')",
    "SELECT * FROM postgres_query('x', 'SELECT 1')",
    "SELECT * FROM EXTERNAL_QUERY('us.default', 'SELECT 1')",
]
ENGINE = [
    "ATTACH '{target}' AS x",
    "ATTACH DATABASE ':memory:' AS x",
    "DETACH emulator",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{file}'",
    "PRAGMA database_list",
    "PRAGMA threads = 1",
    "SET threads = 1",
    "SET GLOBAL enable_external_access = true",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "USE emulator",
    "CHECKPOINT",
    "VACUUM",
    "DESCRIBE {dataset}.t",
    "SHOW TABLES",
    "CALL pragma_version()",
    "CREATE SECRET s (TYPE http)",
    "SELECT * FROM emulator.main.jobs",
    "SELECT * FROM `emulator.main.jobs`",
    "DELETE FROM emulator.main.jobs WHERE true",
    "SELECT * FROM system.main.duckdb_tables",
    "SELECT * FROM duckdb_extensions()",
]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """An emulator that analyses nothing, so that every statement reaches DuckDB."""
    with EmulatorProcess(tmp_path_factory.mktemp("closed"), EMULATOR_ANALYZER="off") as process:
        yield process


@pytest.fixture(scope="module")
def bigquery(emulator):
    """Its client."""
    return emulator.bigquery()


@pytest.fixture
def secret(tmp_path):
    """A file that SQL must not see."""
    path = tmp_path / "secret.csv"
    path.write_text(f"{SECRET}\n")
    return path


@pytest.fixture
def table(bigquery, dataset):
    """The dataset, with a table t."""
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.t AS SELECT 1 AS a")
    return dataset


@pytest.mark.parametrize("sql", FILES + ADDRESSES + ENGINE)
def test_it_is_refused(emulator, bigquery, table, secret, sql):
    target = secret.parent / "written"
    statement = sql.format(
        file=secret,
        name=secret.name,
        folder=secret.parent,
        target=target,
        dataset=table,
        data=emulator.data,
        uploads=emulator.data / "bigquery" / "uploads",
    )
    with pytest.raises(GoogleAPICallError) as refused:
        bigquery.query_and_wait(statement, job_retry=None)
    assert SECRET not in str(refused.value)
    assert not target.exists()
    assert 400 <= refused.value.code < 500
    assert [row.a for row in bigquery.query_and_wait(f"SELECT a FROM {table}.t")] == [1]


@pytest.mark.parametrize(
    "uri", ["{file}", "file://{file}", "../{file}", "http://127.0.0.1:1/x", "gs:///{file}"]
)
def test_load_and_export_jobs_know_no_files(bigquery, table, secret, uri):
    before = secret.read_text()
    uri = uri.format(file=secret)
    with pytest.raises(GoogleAPICallError, match="Invalid Cloud Storage URI"):
        bigquery.load_table_from_uri(uri, f"{table}.l", job_config=LoadJobConfig(autodetect=True)).result()
    with pytest.raises(GoogleAPICallError, match="Invalid Cloud Storage URI"):
        bigquery.extract_table(f"{table}.t", uri, job_config=ExtractJobConfig()).result()
    assert secret.read_text() == before


@pytest.mark.parametrize("name", ["plain.csv", "../../x.csv", "a//[b]?.csv", "p" * 300 + ".csv", "ü ☃.csv"])
def test_load_and_export_jobs_take_objects_of_every_name(emulator, bigquery, table, name):
    emulator.upload("loads-named", {name: b"a,b\n1,x\n2,y\n"}, "text/csv")
    config = LoadJobConfig(autodetect=True)
    job = bigquery.load_table_from_uri(f"gs://loads-named/{name}", f"{table}.l", job_config=config).result()
    assert (job.output_rows, job.input_files) == (2, 1)
    bigquery.extract_table(f"{table}.l", f"gs://loads-named/out/{name}").result()
    exported = emulator.storage().bucket("loads-named").blob(f"out/{name}").download_as_text()
    assert sorted(exported.split()) == ["1,x", "2,y", "a,b"]
    assert list((emulator.data / "bigquery" / "uploads").iterdir()) == []


def test_uploaded_files_are_loaded(bigquery, table):
    bigquery.load_table_from_json(
        [{"a": 7}], f"{table}.j", job_config=LoadJobConfig(autodetect=True)
    ).result()
    assert [row.a for row in bigquery.query_and_wait(f"SELECT a FROM {table}.j")] == [7]


def test_a_project_that_is_first_named_now_and_after_a_restart(own_emulator):
    projects = f"{own_emulator.url}/bigquery/v2/projects"
    body = {"datasetReference": {"projectId": "later-project", "datasetId": "ds"}}
    assert requests.post(f"{projects}/later-project/datasets", json=body, timeout=9).status_code == 200
    own_emulator.bigquery().query_and_wait("CREATE TABLE `later-project`.ds.t AS SELECT 7 AS a")
    own_emulator.restart()
    rows = own_emulator.bigquery().query_and_wait("SELECT a FROM `later-project`.ds.t")
    assert [row.a for row in rows] == [7]
    body = {"datasetReference": {"projectId": "emulator", "datasetId": "ds"}}
    assert requests.post(f"{projects}/emulator/datasets", json=body, timeout=9).status_code == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable_external_access", "false"),
        ("lock_configuration", "true"),
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("allow_community_extensions", "false"),
        ("allow_persistent_secrets", "false"),
        ("python_enable_replacements", "false"),
    ],
)
def test_the_engine_is_locked(bigquery, name, value):
    """DuckDB's catalog functions answer; they cannot be locked, and tell settings and names only."""
    sql = f"SELECT CAST(value AS STRING) AS value FROM duckdb_settings() WHERE name = '{name}'"
    assert [row.value for row in bigquery.query_and_wait(sql)] == [value]


def test_what_remains_open_are_the_engines_own_files(emulator, bigquery):
    sql = "SELECT value FROM duckdb_settings() WHERE name = 'allowed_directories'"
    [row] = bigquery.query_and_wait(sql)
    folders = {part.strip(" '[]/") for part in row.value.split(",")}
    assert folders == {
        str(emulator.data / "bigquery" / name).strip("/") for name in ("uploads", "projects", "spilled")
    }
    own = emulator.data / "bigquery" / "emulator.duckdb"
    [row] = bigquery.query_and_wait(f"SELECT size FROM read_blob('{own}')")
    assert row.size > 0


def test_what_does_not_fit_into_memory_is_still_spilled(tmp_path):
    """DuckDB may write to its temporary folder though it may write nowhere else."""
    assert database_files.LOCK[-1].endswith("lock_configuration = true")
    with duckdb.connect() as con:
        con.execute(f"SET GLOBAL memory_limit = '50MB'; SET GLOBAL temp_directory = '{tmp_path / 'spilled'}'")
        for statement in database_files.LOCK:
            con.execute(statement.format(folders=f"'{tmp_path / 'open'}'"))
        sql = "SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) FROM range(2000000))"
        assert con.execute(sql).fetchone() == (2_000_000,)
