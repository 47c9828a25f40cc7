"""Cloud Storage as Google's client knows it: versions, preconditions, listings, and what is refused."""

import io
import os
import time
import uuid

import pytest
import requests
from documented import STORAGE, documented, not_emulated
from google.api_core.exceptions import BadRequest, MethodNotImplemented, NotFound, PreconditionFailed

from bqml_emulator.storage import uploads

SECTION = "Cloud Storage"
PRECONDITIONS = STORAGE + "request-preconditions"
COMPOSITE = STORAGE + "composite-objects"
VERSIONS = STORAGE + "object-versioning"
RESUMABLE = STORAGE + "performing-resumable-uploads"
LIST = STORAGE + "json_api/v1/objects/list"
READ = "2026-11-22"
TODAY = "2026-11-26"
PART = 256 * 1024  # bytes; parts of a resumable upload are multiples of it


@pytest.fixture
def bucket(emulator):
    """A bucket of the test's own."""
    bucket = emulator.storage().create_bucket(f"bucket-{uuid.uuid4().hex[:12]}")
    yield bucket
    for version in bucket.list_blobs(versions=True):
        version.delete()
    bucket.delete()


@documented(
    SECTION, "An upload with another `ifGenerationMatch` than the object's is refused", PRECONDITIONS, READ
)
def test_uploads_have_preconditions(bucket):
    blob = bucket.blob("x")
    blob.upload_from_string("one", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("x").upload_from_string("two", if_generation_match=0)
    blob.upload_from_string("three", if_generation_match=blob.generation)
    assert bucket.blob("x").download_as_bytes() == b"three"


@documented(
    SECTION,
    "Reading, patching, copying, composing and deleting with a precondition that does not hold are refused",
    PRECONDITIONS,
    TODAY,
)
def test_everything_has_preconditions(bucket):
    blob = bucket.blob("x")
    blob.metadata = {"artist": "Monet"}
    blob.upload_from_string("one")
    good, bad = blob.generation, blob.generation + 1
    blob.metadata = {"artist": "Manet"}
    refused = [
        lambda: blob.download_as_bytes(if_generation_match=bad),
        lambda: bucket.get_blob("x", if_generation_match=bad),
        lambda: blob.patch(if_metageneration_match=77),
        lambda: blob.patch(if_generation_match=bad),
        lambda: blob.delete(if_generation_match=bad),
        lambda: blob.delete(if_metageneration_match=2),
        lambda: bucket.copy_blob(blob, bucket, "y", if_generation_match=good),
        lambda: bucket.copy_blob(blob, bucket, "y", if_source_generation_match=bad),
        lambda: bucket.blob("y").rewrite(blob, if_source_generation_match=bad),
        lambda: bucket.blob("y").compose([blob], if_source_generation_match=[bad]),
    ]
    for request in refused:
        with pytest.raises(PreconditionFailed):
            request()
    found = bucket.get_blob("x", if_generation_match=good, if_metageneration_match=1)
    assert (found.metadata, found.metageneration) == ({"artist": "Monet"}, 1)
    blob.patch(if_metageneration_match=1)
    assert bucket.get_blob("x").metageneration == 2
    assert not bucket.blob("y").exists()
    blob.delete(if_generation_match=good)


@documented(SECTION, "A read of a generation that is gone is a 404, whatever is there now", VERSIONS, TODAY)
def test_a_generation_that_is_gone(bucket):
    blob = bucket.blob("x")
    blob.upload_from_string("one")
    first = blob.generation
    blob.upload_from_string("two")
    assert blob.generation > first
    for read in (lambda old: old.download_as_bytes(), lambda old: old.reload()):
        with pytest.raises(NotFound):
            read(bucket.blob("x", generation=first))
    assert bucket.blob("x", generation=blob.generation).download_as_bytes() == b"two"


@documented(
    SECTION,
    "A bucket that keeps versions has the earlier generations, until each is deleted",
    VERSIONS,
    TODAY,
)
def test_versions(bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    blob = bucket.blob("x")
    generations = []
    for content in ("one", "two"):
        blob.upload_from_string(content)
        generations.append(blob.generation)
    bucket.delete_blob("x")
    assert not bucket.blob("x").exists()
    assert list(bucket.list_blobs()) == []
    kept = list(bucket.list_blobs(versions=True))
    assert [(each.generation, each.download_as_bytes()) for each in kept] == [
        (generations[0], b"one"),
        (generations[1], b"two"),
    ]
    assert all(each.time_deleted for each in kept)
    bucket.delete_blob("x", generation=generations[0])
    assert [each.generation for each in bucket.list_blobs(versions=True)] == generations[1:]
    restored = bucket.copy_blob(bucket.blob("x"), bucket, "x", source_generation=generations[1])
    assert restored.download_as_bytes() == b"two"


@documented(
    SECTION, "Listings have prefixes, delimiters, offsets and pages, in the order of UTF-8 bytes", LIST, TODAY
)
def test_listings(bucket):
    names = ["a", "a-", "a/", "a/b", "a/b/c", "a0", "b/1", "b/2", "ü", "\U0001f600", "\uffff"]
    for name in names:
        bucket.blob(name).upload_from_string(name)
    in_order = sorted(names, key=str.encode)

    def listed(**options):
        return [blob.name for blob in bucket.list_blobs(**options)]

    assert listed() == in_order
    for size in range(1, len(names) + 1):
        assert [blob.name for page in bucket.list_blobs(page_size=size).pages for blob in page] == in_order
    folders = bucket.list_blobs(delimiter="/", page_size=2)
    assert [blob.name for blob in folders] == [name for name in in_order if "/" not in name]
    assert folders.prefixes == {"a/", "b/"}
    inner = bucket.list_blobs(prefix="a/", delimiter="/")
    assert ([blob.name for blob in inner], inner.prefixes) == (["a/", "a/b"], {"a/b/"})
    assert listed(prefix="a/b") == ["a/b", "a/b/c"]
    assert listed(start_offset="a/b", end_offset="b/2") == ["a/b", "a/b/c", "a0", "b/1"]
    assert listed(prefix="nothing") == []


def test_a_page_goes_on_where_the_last_one_ended_though_objects_come_and_go(bucket):
    for name in "abcd":
        bucket.blob(name).upload_from_string(name)
    pages = bucket.list_blobs(page_size=2).pages
    assert [blob.name for blob in next(pages)] == ["a", "b"]
    bucket.delete_blobs([bucket.blob("b"), bucket.blob("c")])
    bucket.blob("aa").upload_from_string("too late")
    assert [blob.name for blob in next(pages)] == ["d"]


@documented(SECTION, "An upload in parts is resumed where it was cut off", RESUMABLE, TODAY)
def test_a_resumable_upload(bucket):
    url = f"{bucket.client.api_endpoint}/upload/storage/v1/b/{bucket.name}/o"
    url += "?uploadType=resumable&name=a%2F..%2Fb"
    begun = requests.post(
        url, json={"metadata": {"k": "ü"}}, headers={"X-Upload-Content-Type": "image/png"}, timeout=9
    )
    session = begun.headers["Location"]

    def put(data: bytes, content_range: str):
        return requests.put(session, data=data, headers={"Content-Range": content_range}, timeout=9)

    assert put(b"", "bytes */*").status_code == 308
    first = put(b"a" * PART, f"bytes 0-{PART - 1}/*")
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{PART - 1}")
    again = put(b"a" * PART + b"b" * PART, f"bytes 0-{2 * PART - 1}/*")  # its answer was lost: it comes again
    assert again.headers["Range"] == f"bytes=0-{2 * PART - 1}"
    assert put(b"x", f"bytes {3 * PART}-{3 * PART}/*").status_code == 503
    assert not bucket.blob("a/../b").exists()
    done = put(b"c", f"bytes {2 * PART}-{2 * PART}/{2 * PART + 1}")
    assert done.json()["name"] == "a/../b"
    assert put(b"", f"bytes */{2 * PART + 1}").json() == done.json()
    found = bucket.get_blob("a/../b")
    assert (found.content_type, found.metadata) == ("image/png", {"k": "ü"})
    assert found.download_as_bytes() == b"a" * PART + b"b" * PART + b"c"


def test_a_resumable_upload_outlives_the_service(own_emulator):
    bucket = own_emulator.storage().create_bucket("parts")
    url = f"{own_emulator.storage_url}/upload/storage/v1/b/parts/o?uploadType=resumable"
    asked = {"name": "a/../b", "metadata": {"k": "ü"}, "contentType": "image/png"}
    sessions = [
        requests.post(url + "&ifGenerationMatch=0", json=asked, timeout=9).headers["Location"]
        for _ in range(3)
    ]

    def put(session: str, data: bytes, content_range: str):
        return requests.put(session, data=data, headers={"Content-Range": content_range}, timeout=9)

    for session in sessions:
        put(session, b"a" * PART, f"bytes 0-{PART - 1}/*")
    own_emulator.restart(9)
    asked_again = put(sessions[0], b"", "bytes */*")
    assert (asked_again.status_code, asked_again.headers["Range"]) == (308, f"bytes=0-{PART - 1}")
    assert put(sessions[0], b"b", f"bytes {PART}-{PART}/{PART + 1}").json()["metadata"] == {"k": "ü"}
    found = bucket.get_blob("a/../b")
    assert (found.content_type, found.download_as_bytes()) == ("image/png", b"a" * PART + b"b")
    assert requests.delete(sessions[2], timeout=9).status_code == 499
    late = put(sessions[1], b"b", f"bytes {PART}-{PART}/{PART + 1}")
    assert late.status_code == 412  # the precondition was kept, too
    assert not list((own_emulator.data / "objects" / "resumable").iterdir())
    assert put(sessions[1], b"", "bytes */*").status_code == 404
    own_emulator.restart()
    assert put(sessions[1], b"", "bytes */*").status_code == 404
    assert not list((own_emulator.data / "objects" / "resumable").iterdir())


def test_an_upload_whose_object_was_made_as_the_process_died(tmp_path):
    target = uploads.Target("b", "n", {}, uploads.Conditions())
    begun = uploads.Resumable.begin(tmp_path, "u" * 32, target)
    begun.content.move(tmp_path / "object")
    assert uploads.Resumable.resume(tmp_path, "u" * 32) is None


def test_an_upload_in_parts_expires(tmp_path):
    old, new = tmp_path / f"{'o' * 32}.json", tmp_path / f"{'n' * 32}.json"
    for note in (old, new):
        note.write_text("{}")
        note.with_suffix("").write_bytes(b"part")
    week_ago = time.time() - uploads.RESUMABLE_SECONDS - 60
    os.utime(old, (week_ago, week_ago))
    uploads.forget_expired(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n" * 32, new.name]


@pytest.mark.parametrize("upload_id", ["..%2Fincoming%2Fx", "nobody", "a" * 32, "%00"])
def test_an_upload_that_nobody_began(bucket, upload_id):
    url = f"{bucket.client.api_endpoint}/upload/storage/v1/b/{bucket.name}/o?upload_id={upload_id}"
    assert requests.put(url, data=b"x", timeout=9).status_code == 404


def test_the_official_client_uploads_in_parts_and_reads_ranges(bucket):
    data = bytes(range(256)) * 4096 + b"end"
    bucket.blob("large", chunk_size=PART).upload_from_file(io.BytesIO(data))
    assert bucket.blob("large", chunk_size=2 * PART).download_as_bytes() == data
    blob = bucket.blob("large")
    assert blob.download_as_bytes(start=3, end=5) == b"\x03\x04\x05"
    assert blob.download_as_bytes(start=len(data) - 3) == b"end"
    with blob.open("rb") as reader:
        assert reader.read() == data


def test_bytes_that_are_not_those_that_were_sent_are_refused(bucket):
    blob = bucket.blob("x")
    blob.md5_hash = "AAAAAAAAAAAAAAAAAAAAAA=="
    with pytest.raises(BadRequest, match="md5Hash"):
        blob.upload_from_string("other")
    assert not bucket.blob("x").exists()


def test_metadata_is_merged_and_taken_away(bucket):
    blob = bucket.blob("x")
    blob.metadata, blob.cache_control = {"a": "1", "b": "ü"}, "no-store"
    blob.upload_from_string("x", content_type="text/plain")
    blob.metadata = {"a": None, "c": "3"}
    blob.content_type = "image/png"
    blob.patch()
    found = bucket.get_blob("x")
    assert (found.metadata, found.content_type, found.cache_control) == (
        {"b": "ü", "c": "3"},
        "image/png",
        "no-store",
    )


@documented(SECTION, "A composite object has no MD5, but a component count", COMPOSITE, READ)
def test_composite_objects(bucket):
    parts = [bucket.blob(name) for name in ("a", "b")]
    for part in parts:
        part.upload_from_string("x")
    bucket.blob("c").compose(parts)
    bucket.blob("d").compose([bucket.blob("c"), parts[0]])
    composed = bucket.get_blob("d")
    assert composed.download_as_bytes() == b"xxx"
    assert (composed.md5_hash, composed.component_count) == (None, 3)
    copied = bucket.copy_blob(composed, bucket, "copy")
    assert (copied.md5_hash, copied.component_count, copied.crc32c) == (None, 3, composed.crc32c)


@not_emulated(SECTION, "`matchGlob` chooses objects", LIST, READ)
def test_globs_are_refused(bucket):
    with pytest.raises(MethodNotImplemented, match="not emulated: matchGlob"):
        list(bucket.list_blobs(match_glob="*.png"))


@not_emulated(SECTION, "Several calls in one request", STORAGE + "batch", READ)
def test_batches_are_refused(bucket):
    bucket.blob("x").upload_from_string("x")
    with pytest.raises(MethodNotImplemented, match="not emulated: several calls"), bucket.client.batch():
        bucket.delete_blob("x")
    assert bucket.blob("x").exists()


@not_emulated(
    SECTION, "Access control of buckets and objects, notifications", STORAGE + "access-control", TODAY
)
def test_access_control_is_refused(bucket):
    with pytest.raises(MethodNotImplemented, match="not emulated: iam of a bucket"):
        bucket.get_iam_policy()
    bucket.blob("x").upload_from_string("x")
    with pytest.raises(MethodNotImplemented, match="not emulated: acl of an object"):
        bucket.blob("x").make_public()


@not_emulated(
    SECTION, "Life cycles, retention, CORS and other settings of a bucket", STORAGE + "lifecycle", TODAY
)
def test_settings_that_would_do_nothing_are_refused(bucket):
    bucket.add_lifecycle_delete_rule(age=1)
    with pytest.raises(MethodNotImplemented, match="not emulated: lifecycle of a bucket"):
        bucket.patch()
    bucket.reload()
    bucket.cors = [{"origin": ["*"], "method": ["GET"]}]
    with pytest.raises(MethodNotImplemented, match="not emulated: cors of a bucket"):
        bucket.patch()
