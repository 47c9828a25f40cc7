"""Which version of an object is embedded: of a cached listing the listed one, else what is there now.

Source: https://docs.cloud.google.com/bigquery/docs/object-table-introduction (2026-08-22): "metadata
caching-enabled queries read data corresponding to the specific cached object version, even if newer versions
become live". That a row fails where its version is gone is inferred.
"""

import time
import uuid

import pytest
from documented import OBJECT_TABLE, documented
from emulator_process import wait_until
from google.api_core.exceptions import GoogleAPICallError
from pictures import sha256, unlike

from bqml_emulator.objects import gcs
from bqml_emulator.storage.contents import Content
from bqml_emulator.storage.store import Store

IMAGES = 1
MANUAL = ", max_staleness = INTERVAL 7 DAY, metadata_cache_mode = 'MANUAL'"
GONE = "NOT_FOUND: {uri} cannot be read (HTTP 404)."
OLD, NEW = unlike(1), unlike(2)


class Collection:
    """An object table over a bucket of its own with the objects a.png and b.png."""

    def __init__(self, service, options: str, keeps_versions: bool = False):
        self.service, self.client = service, service.bigquery()
        name = uuid.uuid4().hex[:12]
        self.table, self.name = f"ds.t_{name}", f"versions-{name}"
        self.bucket = service.storage().bucket(self.name)
        self.bucket.create()
        self.bucket.versioning_enabled = keeps_versions
        self.bucket.patch()
        self.put("a.png", OLD)
        self.put("b.png", unlike(3))
        self.client.query_and_wait(
            f"""CREATE EXTERNAL TABLE {self.table} WITH CONNECTION DEFAULT
            OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://{self.name}/*']{options})"""
        )

    def put(self, name: str, data: bytes):
        self.service.upload(self.name, {name: data})

    def refresh(self):
        self.client.query_and_wait(f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{self.table}')")

    def uri(self, name: str) -> str:
        return f"gs://{self.name}/{name}"

    def sql(self, rows: str) -> str:
        return f"SELECT * FROM AI.GENERATE_EMBEDDING(MODEL ds.model, ({rows.format(t=self.table)}))"

    def statuses(self, rows: str = "SELECT * FROM {t}") -> dict[str, str]:
        """The status of each object, by name."""
        return {row.uri.rpartition("/")[2]: row.status for row in self.client.query_and_wait(self.sql(rows))}

    def last_calls(self) -> dict[str, dict]:
        """The last call of the model for each object, by name."""
        return {call["uri"].rpartition("/")[2]: call for call in self.service.calls()}


@pytest.fixture
def cached(service):
    """A collection whose listing is cached."""
    collection = Collection(service, MANUAL)
    collection.refresh()
    return collection


def check_gone(collection: Collection, rows: str = "SELECT * FROM {t}"):
    """a.png fails for good without having been read; b.png does not."""
    assert collection.statuses(rows) == {"a.png": GONE.format(uri=collection.uri("a.png")), "b.png": ""}
    call = collection.last_calls()["a.png"]
    assert (call["outcome"], call["content_sha256"]) == ("terminal", "")


def test_a_listed_version_that_was_overwritten_is_not_there(cached):
    assert cached.statuses() == {"a.png": "", "b.png": ""}
    cached.put("a.png", NEW)
    check_gone(cached)
    cached.refresh()
    assert cached.statuses() == {"a.png": "", "b.png": ""}
    assert cached.last_calls()["a.png"]["content_sha256"] == sha256(NEW)


def test_a_listed_object_that_was_deleted_is_not_there_nor_when_it_is_put_back(cached):
    cached.bucket.blob("a.png").delete()
    check_gone(cached)
    cached.put("a.png", OLD)
    check_gone(cached)
    cached.refresh()
    assert cached.statuses() == {"a.png": "", "b.png": ""}


@documented("Object tables", "With a cache a model reads the version that the cache knows", OBJECT_TABLE)
@pytest.mark.parametrize("deleted", [False, True])
def test_a_bucket_that_keeps_versions_still_has_the_listed_one(service, deleted):
    collection = Collection(service, MANUAL, keeps_versions=True)
    collection.refresh()
    collection.put("a.png", NEW)
    if deleted:
        collection.bucket.blob("a.png").delete()
    assert collection.statuses() == {"a.png": "", "b.png": ""}
    assert collection.last_calls()["a.png"]["content_sha256"] == sha256(OLD)


@pytest.mark.parametrize("columns", ["uri", "* EXCEPT (generation)", "uri, size AS generation", "t.uri, ref"])
def test_it_does_not_matter_which_columns_are_selected(cached, columns):
    cached.put("a.png", NEW)
    rows = f"SELECT {columns} FROM {{t}} AS t WHERE uri LIKE '%.png' ORDER BY t.size LIMIT 10"
    if " AS " in columns:
        with pytest.raises(GoogleAPICallError, match="can only use WHERE"):
            cached.statuses(rows)
        return
    check_gone(cached, rows)
    plain = [field.name for field in cached.client.query_and_wait(rows.format(t=cached.table)).schema]
    own = ["embedding", "status", "video_start_sec", "video_end_sec"]
    assert [field.name for field in cached.client.query_and_wait(cached.sql(rows)).schema] == own + plain


def test_a_variable_of_that_name_does_not_matter(cached):
    cached.put("a.png", NEW)
    script = f"DECLARE generation INT64 DEFAULT 7; {cached.sql(f'SELECT uri FROM {cached.table}')}"
    assert sorted(row.status for row in cached.client.query_and_wait(script))[0] == ""
    assert cached.last_calls()["a.png"]["outcome"] == "terminal"


@pytest.mark.parametrize("options", ["", MANUAL])
def test_without_a_cached_listing_the_present_object_is_read(service, options):
    """MANUAL: it was never refreshed. Overwritten after the listing, before its turn to be read."""
    collection = Collection(service, options)
    service.faults(held_uris=[collection.uri("a.png")])
    job = collection.client.query(collection.sql(f"SELECT uri FROM {collection.table}"))
    wait_until(lambda: "b.png" in collection.last_calls())
    collection.put("a.png", NEW)
    service.faults(held_uris=[])
    assert {row.status for row in job.result()} == {""}
    assert collection.last_calls()["a.png"]["content_sha256"] == sha256(NEW)


def test_an_object_may_be_overwritten_while_its_batch_is_embedded(cached):
    cached.service.faults(held_uris=[cached.uri("a.png")])
    job = cached.client.query(cached.sql(f"SELECT uri FROM {cached.table}"))
    wait_until(lambda: "b.png" in cached.last_calls())
    cached.put("a.png", NEW)
    cached.refresh()  # comes too late for the job, which has its rows
    cached.service.faults(held_uris=[])
    assert {row.status for row in job.result()} == {"", GONE.format(uri=cached.uri("a.png"))}
    assert cached.statuses() == {"a.png": "", "b.png": ""}


def test_a_service_may_read_newer_bytes_all_the_same(cached):
    cached.put("a.png", NEW)
    cached.service.faults(reads_newest_generation=True)
    assert cached.statuses() == {"a.png": "", "b.png": ""}
    assert cached.last_calls()["a.png"]["content_sha256"] == sha256(NEW)


def test_a_job_whose_call_is_held_can_be_cancelled(cached):
    cached.service.faults(held_uris=[cached.uri("a.png")])
    job = cached.client.query(cached.sql(f"SELECT uri FROM {cached.table}"))
    wait_until(lambda: "b.png" in cached.last_calls())
    time.sleep(0.3)
    assert cached.client.get_job(job.job_id).state == "RUNNING"
    job.cancel()
    wait_until(lambda: cached.client.get_job(job.job_id).state == "DONE")
    assert "a.png" not in cached.last_calls()


@pytest.mark.parametrize("as_listed", [False, True])
def test_an_object_may_be_overwritten_between_being_found_and_read(tmp_path, monkeypatch, as_listed):
    """In that moment its row was there and its file is not any more."""
    store = Store(tmp_path)

    def put(data: bytes) -> int:
        content = Content(store.incoming)
        content.write(data)
        return store.put("some-bucket", "a.png", content, {"contentType": "image/png"}).generation

    store.create_bucket("some-bucket", {})
    listed, path = put(OLD), store.path

    def path_of_old(found):
        monkeypatch.setattr(store, "path", path)
        put(NEW)
        return path(found)

    monkeypatch.setattr(store, "path", path_of_old)
    monkeypatch.setattr(gcs, "store", lambda: store)
    if as_listed:
        with pytest.raises(gcs.ObjectError, match="HTTP 404"):
            gcs.read("gs://some-bucket/a.png", 1000, listed)
    else:
        assert gcs.read("gs://some-bucket/a.png", 1000).data == NEW
