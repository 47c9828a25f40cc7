"""A bucket that has not changed is not listed again; every change of an object makes it listed again."""

import os
import time

import pytest

from bqml_emulator.unchanged_buckets import SETTLED_NANOSECONDS, Listings

BUCKET = "unchanged"


@pytest.fixture
def counted(tmp_path):
    """Listings of one bucket below tmp_path whose n-th listing is the number n."""
    (tmp_path / BUCKET / "folder").mkdir(parents=True)
    numbers = iter(range(1, 100))
    listings = Listings(tmp_path)
    return lambda key="all": listings.get(key, {BUCKET}, lambda: next(numbers))


def settle(folder):
    """Make a folder look as if it had changed a while ago."""
    past = time.time_ns() - 2 * SETTLED_NANOSECONDS
    os.utime(folder, ns=(past, past))


@pytest.fixture
def settled(tmp_path):
    """Make every folder of the bucket look so."""

    def settled():
        for folder in (tmp_path / BUCKET / "folder", tmp_path / BUCKET):
            settle(folder)

    return settled


def test_a_settled_bucket_is_listed_once(counted, settled):
    settled()
    assert [counted(), counted(), counted("others"), counted()] == [1, 1, 2, 1]


def test_a_bucket_that_changed_just_now_is_listed_by_every_query(counted):
    assert [counted(), counted()] == [1, 2]


@pytest.mark.parametrize("name", ["new.png", "folder/new.png"])
def test_a_change_in_any_folder_is_seen(tmp_path, counted, settled, name):
    settled()
    assert counted() == 1
    (tmp_path / BUCKET / name).touch()
    assert counted() == 2
    (tmp_path / BUCKET / name).unlink()
    assert counted() == 3


def test_a_bucket_that_is_gone_is_not_remembered(tmp_path, counted, settled):
    settled()
    assert counted() == 1
    (tmp_path / BUCKET / "folder").rmdir()
    (tmp_path / BUCKET).rmdir()
    assert [counted(), counted()] == [2, 3]


CHANGES = {
    "create": lambda bucket: bucket.blob("new/name.png").upload_from_string(b"new"),
    "overwrite": lambda bucket: bucket.blob("a.png").upload_from_string(b"other"),
    "touch": lambda bucket: bucket.blob("a.png").upload_from_string(b"a"),
    "copy": lambda bucket: bucket.copy_blob(bucket.blob("a.png"), bucket, "b.png"),
    "compose": lambda bucket: bucket.blob("b.png").compose([bucket.blob("a.png"), bucket.blob("b.png")]),
    "patch": lambda bucket: patch(bucket.blob("a.png")),
    "delete": lambda bucket: bucket.delete_blob("folder/c.png"),
}


def patch(blob):
    """Change only the custom metadata of an object."""
    blob.metadata = {"label": "new"}
    blob.patch()


@pytest.mark.parametrize("change", CHANGES)
def test_object_tables_see_every_change_of_a_settled_bucket(emulator, bigquery, dataset, change):
    """Changed before and after a listing that is remembered, so that one that should not be shows."""
    name = f"unchanged-{change}"
    emulator.upload(name, {"a.png": b"a", "b.png": b"b", "folder/c.png": b"c"})
    bigquery.query_and_wait(
        f"CREATE EXTERNAL TABLE {dataset}.t WITH CONNECTION DEFAULT "
        f"OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://{name}/*'])"
    )

    def listed():
        sql = f"SELECT uri, generation, md5_hash, TO_JSON_STRING(metadata) AS m FROM {dataset}.t ORDER BY uri"
        return [tuple(row) for row in bigquery.query_and_wait(sql)]

    for folder, *_ in os.walk(emulator.data / "storage" / name):
        settle(folder)
    before = listed()
    assert listed() == before
    CHANGES[change](emulator.storage().bucket(name))
    assert listed() != before
