"""local-bigquery on plain DuckDB files: DuckLake and other extensions would have to be downloaded."""

import functools
import threading

import duckdb
import pytest
import uvicorn
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from local_bigquery import app
from local_bigquery.engine import database
from local_bigquery.settings import settings
from local_bigquery.sql import native
from tests.cases import unique


@functools.cache
def connect() -> duckdb.DuckDBPyConnection:
    """Replaces `database._connect`."""
    con = duckdb.connect()
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    con.execute(f"ATTACH '{settings.data_dir / 'emulator.duckdb'}' AS emulator")
    con.execute(database.EMULATOR_SCHEMA)
    con.execute("ATTACH ':memory:' AS bq")
    native.register(con)
    for path in database.FUNCTIONS:
        if path.name != "geography.sql":  # of an extension
            con.execute(database.MACRO.sub(r"CREATE MACRO bq.main.\1", path.read_text()))
    attach(con, settings.default_project_id)
    return con


def attach(con: duckdb.DuckDBPyConnection, project_id: str):
    """Replaces `database._attach`."""
    path = settings.data_dir / f"{project_id}.duckdb"
    con.execute(f"ATTACH IF NOT EXISTS '{path}' AS {database.quote(project_id)}")
    database._attached.add(project_id)


@pytest.fixture(scope="session")
def bq(tmp_path_factory):
    """Google's client of a local-bigquery of the session's own."""
    settings.data_dir = tmp_path_factory.mktemp("data")
    database._connect, database._attach = connect, attach
    database.projects = lambda: sorted(database._attached)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    options = {"api_endpoint": f"http://127.0.0.1:{port}"}
    yield bigquery.Client(settings.default_project_id, AnonymousCredentials(), client_options=options)
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def dataset(bq):
    """A dataset of the module's own."""
    dataset = bq.create_dataset(unique("test"))
    yield dataset
    bq.delete_dataset(dataset, delete_contents=True)
