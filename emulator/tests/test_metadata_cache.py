"""The metadata cache of object tables.

Sources: https://docs.cloud.google.com/bigquery/docs/metadata-caching-external-tables and
https://docs.cloud.google.com/bigquery/docs/reference/system-procedures (2026-08-22).
"""

import time
import uuid

import duckdb
import pytest
from documented import METADATA_CACHE, documented
from emulator_process import EmulatorProcess
from google.api_core.exceptions import BadRequest, Forbidden, NotFound

MANUAL = ", max_staleness = INTERVAL 1 DAY, metadata_cache_mode = 'MANUAL'"
AUTOMATIC = MANUAL.replace("MANUAL", "AUTOMATIC")
REFRESH = "CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{table}')"


class Images:
    """An object table `dataset.t` over a bucket of its own."""

    def __init__(self, emulator, dataset: str, options: str):
        self.emulator, self.client, self.table = emulator, emulator.bigquery(), f"{dataset}.t"
        self.bucket = f"cache-{uuid.uuid4().hex[:12]}"
        self.upload("a.png")
        self.create(options)

    def create(self, options: str):
        self.client.query_and_wait(
            f"""CREATE OR REPLACE EXTERNAL TABLE {self.table} WITH CONNECTION DEFAULT
            OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://{self.bucket}/*']{options})"""
        )

    def upload(self, name: str):
        self.emulator.upload(self.bucket, {name: b"x"})

    def refresh(self):
        self.client.query_and_wait(REFRESH.format(table=self.table))

    def names(self) -> list[str]:
        rows = self.client.query_and_wait(f"SELECT uri FROM {self.table} ORDER BY uri")
        return [row.uri.rpartition("/")[2] for row in rows]


@documented("Object tables", "Metadata older than `max_staleness` is read from Cloud Storage", METADATA_CACHE)
def test_metadata_older_than_max_staleness_is_read_from_the_storage(tmp_path):
    with EmulatorProcess(tmp_path) as emulator:
        emulator.bigquery().query_and_wait("CREATE SCHEMA ds")
        images = Images(emulator, "ds", MANUAL)
        images.refresh()
        images.upload("b.png")
        emulator.restart()
        assert images.names() == ["a.png"]
        emulator.stop()
        with duckdb.connect(tmp_path / "bigquery" / "emulator.duckdb") as database:
            database.execute("UPDATE object_listings SET refreshed_at = ?", [time.time() - 25 * 3600])
        emulator.start()
        assert images.names() == ["a.png", "b.png"]


@pytest.mark.parametrize("options", ["", ", metadata_cache_mode = 'MANUAL'"])
def test_without_staleness_nothing_is_cached(emulator, dataset, options):
    images = Images(emulator, dataset, MANUAL)
    images.refresh()
    images.create(options)
    images.upload("b.png")
    assert images.names() == ["a.png", "b.png"]


def test_a_table_made_anew_starts_without_metadata(emulator, dataset):
    images = Images(emulator, dataset, MANUAL)
    images.refresh()
    images.create(MANUAL)
    images.upload("b.png")
    assert images.names() == ["a.png", "b.png"]
    images.refresh()
    images.client.query_and_wait(f"DROP EXTERNAL TABLE {images.table}")
    images.create(MANUAL)
    images.upload("c.png")
    assert images.names() == ["a.png", "b.png", "c.png"]


def test_the_procedure_takes_a_full_name_and_a_variable(emulator, dataset):
    images = Images(emulator, dataset, MANUAL)
    images.client.query_and_wait(
        f"""DECLARE name STRING DEFAULT 'demo-project.{images.table}';
        CALL bq.refresh_external_metadata_cache(name)"""
    )
    images.upload("b.png")
    assert images.names() == ["a.png"]


@pytest.mark.parametrize(("options", "mode"), [(AUTOMATIC, "AUTOMATIC"), ("", "unset")])
def test_the_procedure_is_for_manual_caches(emulator, dataset, options, mode):
    images = Images(emulator, dataset, options)
    with pytest.raises(BadRequest, match=f"needs a table with metadata_cache_mode = 'MANUAL'.*is {mode}"):
        images.refresh()


def test_the_procedure_refuses_what_it_cannot_refresh(emulator, bigquery, dataset):
    images = Images(emulator, dataset, MANUAL)
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.ordinary (x INT64)")
    for name in ("ordinary", "missing"):
        with pytest.raises(NotFound, match=rf"Not found: External table .*{name}"):
            bigquery.query_and_wait(REFRESH.format(table=f"{dataset}.{name}"))
    with pytest.raises(BadRequest, match=r"not emulated: .* the name of one table"):
        bigquery.query_and_wait(f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{images.table}', ['gs://x/y'])")
    with pytest.raises(BadRequest, match=r"not emulated: .* the name of one table"):
        bigquery.query_and_wait("CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE()")


def test_a_refresh_needs_the_bucket(own_emulator):
    client = own_emulator.bigquery()
    client.query_and_wait("CREATE SCHEMA ds")
    images = Images(own_emulator, "ds", MANUAL)
    images.refresh()
    own_emulator.storage().bucket(images.bucket).delete(force=True)
    assert images.names() == ["a.png"]
    with pytest.raises(NotFound, match="Not found: URI"):
        images.refresh()
    assert images.names() == ["a.png"]
    client.query_and_wait("DROP CONNECTION `us.__default_cloudresource_connection__`")
    with pytest.raises(Forbidden):
        images.refresh()
