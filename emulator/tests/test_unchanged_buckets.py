"""A bucket that has not changed is not listed again; every change of an object makes it listed again."""

import pytest

from bqml_emulator.objects.unchanged_buckets import KEPT, Listings

BUCKET = "unchanged"


@pytest.fixture
def versions():
    """Numbers of the last changes of buckets; the test changes them."""
    return {BUCKET: 1}


@pytest.fixture
def counted(versions):
    """Listings of a bucket whose n-th listing is the number n."""
    numbers = iter(range(1, 100))
    listings = Listings(versions.get)
    return lambda key="all": listings.get(key, {BUCKET}, lambda: next(numbers))


def test_a_bucket_is_listed_once_for_each_pattern(counted):
    assert [counted(), counted(), counted("others"), counted()] == [1, 1, 2, 1]


def test_a_bucket_that_changed_is_listed_again(counted, versions):
    assert counted() == 1
    versions[BUCKET] = 2
    assert [counted(), counted()] == [2, 2]


def test_a_bucket_that_is_gone_is_listed_again(counted, versions):
    assert counted() == 1
    del versions[BUCKET]
    assert counted() == 2


def test_a_change_during_a_listing_makes_the_next_query_list_again(versions):
    listings = Listings(versions.get)
    assert listings.get("all", {BUCKET}, lambda: versions.update({BUCKET: 2}) or "before") == "before"
    assert listings.get("all", {BUCKET}, lambda: "after") == "after"


def test_only_the_last_listings_are_kept(counted):
    for number in range(KEPT + 1):
        counted(str(number))
    assert counted("0") == KEPT + 2
    assert counted(str(KEPT)) == KEPT + 1


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
def test_object_tables_see_every_change(emulator, bigquery, dataset, change):
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

    before = listed()
    assert listed() == before
    CHANGES[change](emulator.storage().bucket(name))
    assert listed() != before
