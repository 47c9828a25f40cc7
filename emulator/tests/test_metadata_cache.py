"""The metadata cache of object tables.

Sources: https://docs.cloud.google.com/bigquery/docs/metadata-caching-external-tables and
https://docs.cloud.google.com/bigquery/docs/reference/system-procedures (2026-08-22).
"""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest
from documented import METADATA_CACHE, PROCEDURES, documented
from emulator_process import EmulatorProcess, wait_until
from google.api_core.exceptions import BadRequest, Forbidden, NotFound
from google.cloud.bigquery import QueryJobConfig

MANUAL = ", max_staleness = INTERVAL 1 DAY, metadata_cache_mode = 'MANUAL'"
WEEK = MANUAL.replace("1 DAY", "7 DAY")
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
    """Which is at most 7 days: "The metadata cache expires after 7 days if it isn't refreshed"."""
    hours = {"day": 25, "week": 7 * 24 + 1}
    with EmulatorProcess(tmp_path) as emulator:
        emulator.bigquery().query_and_wait("CREATE SCHEMA day; CREATE SCHEMA week")
        tables = [Images(emulator, "day", MANUAL), Images(emulator, "week", WEEK)]
        for images in tables:
            images.refresh()
            images.upload("b.png")
        emulator.restart()
        assert [images.names() for images in tables] == [["a.png"]] * 2
        emulator.stop()
        with duckdb.connect(tmp_path / "bigquery" / "emulator.duckdb") as database:
            for dataset, age in hours.items():
                changed = [time.time() - age * 3600, dataset]
                database.execute("UPDATE metadata_caches SET refreshed_at = ? WHERE dataset_id = ?", changed)
        emulator.start()
        assert [images.names() for images in tables] == [["a.png", "b.png"]] * 2


@pytest.mark.parametrize("options", ["", ", metadata_cache_mode = 'MANUAL'"])
def test_without_staleness_nothing_is_cached(emulator, dataset, options):
    images = Images(emulator, dataset, MANUAL)
    images.refresh()
    images.create(options)
    images.upload("b.png")
    assert images.names() == ["a.png", "b.png"]


@documented("Object tables", "When `uris` change the old cache is served until refreshed", METADATA_CACHE)
def test_a_table_whose_sources_change_has_its_old_metadata_until_it_is_refreshed(emulator, dataset):
    images = Images(emulator, dataset, MANUAL)
    images.refresh()
    images.bucket = f"cache-{uuid.uuid4().hex[:12]}"
    images.upload("other.png")
    images.create(MANUAL)
    assert images.names() == ["a.png"]
    images.refresh()
    assert images.names() == ["other.png"]


@pytest.mark.parametrize("drop", ["DROP EXTERNAL TABLE {t}", "by the API", "with its dataset"])
def test_a_table_made_anew_starts_without_metadata(emulator, dataset, drop):
    images = Images(emulator, dataset, MANUAL)
    images.refresh()
    if drop == "by the API":
        images.client.delete_table(f"demo-project.{images.table}")
    elif drop == "with its dataset":
        images.client.query_and_wait(f"DROP SCHEMA {dataset} CASCADE; CREATE SCHEMA {dataset}")
    else:
        images.client.query_and_wait(drop.format(t=images.table))
    images.create(MANUAL)
    images.upload("b.png")
    assert images.names() == ["a.png", "b.png"]


@documented("Object tables", "Of concurrent refreshes of a cache only one succeeds", METADATA_CACHE)
def test_of_concurrent_refreshes_only_one_succeeds(emulator, dataset):
    images = Images(emulator, dataset, MANUAL)
    emulator.upload(images.bucket, {f"{number:04}.png": b"x" for number in range(1000)})

    def refresh(_) -> str:
        job = emulator.bigquery().query(REFRESH.format(table=images.table), job_retry=None)
        return str(job.exception() or "")

    def refused() -> list[str]:
        """Whether jobs overlap is chance, but six that begin together soon do."""
        images.upload(f"{time.time_ns()}.png")  # so that the bucket has to be listed anew
        with ThreadPoolExecutor(6) as pool:
            errors = list(pool.map(refresh, range(6)))
        assert "" in errors
        return [error for error in errors if error]

    found = wait_until(refused)
    assert all(f"{images.table} is being refreshed by another job." in error for error in found)
    assert len(images.names()) > 1001


def test_a_refresh_is_seen_by_the_statements_after_it(emulator, dataset):
    images = Images(emulator, dataset, MANUAL)
    count = f"(SELECT COUNT(*) FROM {images.table})"
    images.refresh()
    images.upload("b.png")
    script = f"""DECLARE before INT64 DEFAULT {count};
    IF before < 2 THEN {REFRESH.format(table=images.table)}; END IF;
    CREATE TEMP TABLE listed AS SELECT uri FROM {images.table};
    SELECT before, {count} AS later, (SELECT COUNT(*) FROM listed) AS copied"""
    [row] = images.client.query_and_wait(script)
    assert tuple(row) == (1, 2, 2)


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


def test_a_refresh_needs_the_bucket(own_project):
    client = own_project.bigquery()
    client.query_and_wait("CREATE SCHEMA ds")
    images = Images(own_project, "ds", MANUAL)
    images.refresh()
    own_project.storage().bucket(images.bucket).delete(force=True)
    assert images.names() == ["a.png"]
    with pytest.raises(NotFound, match="Not found: URI"):
        images.refresh()
    assert images.names() == ["a.png"]
    client.query_and_wait("DROP CONNECTION `us.__default_cloudresource_connection__`")
    with pytest.raises(Forbidden):
        images.refresh()


@pytest.fixture
def in_europe(bigquery, emulator):
    """A cached object table in a dataset that is not where jobs run by default."""
    emulator.upload("european", {"a.png": b"x"})
    bigquery.query_and_wait("CREATE SCHEMA european OPTIONS (location = 'EU')")
    bigquery.query_and_wait(
        "CREATE EXTERNAL TABLE european.t WITH CONNECTION DEFAULT OPTIONS (object_metadata = 'SIMPLE', "
        "uris = ['gs://european/*'], max_staleness = INTERVAL 1 DAY, metadata_cache_mode = 'MANUAL')"
    )
    yield REFRESH.format(table="european.t")
    bigquery.query_and_wait("DROP SCHEMA european CASCADE")


@documented(
    "Object tables", "A refresh runs where the dataset is; its name in a text tells no location", PROCEDURES
)
def test_the_location_of_a_refresh(bigquery, in_europe):
    elsewhere = "Dataset demo-project:european was not found in location US"
    for ask in (bigquery.query_and_wait, lambda sql, **given: bigquery.query(sql, **given).result()):
        for location in (None, "US"):
            with pytest.raises(NotFound, match=elsewhere):
                ask(in_europe, location=location)
        ask(in_europe, location="EU")
        ask(f"SELECT uri FROM european.t; {in_europe}")  # what a statement names tells it
    config = QueryJobConfig(default_dataset="demo-project.european")
    bigquery.query(in_europe, config).result()
