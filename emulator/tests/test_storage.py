"""Cloud Storage is fake-gcs-server, as it is: what it keeps of the documentation, and what it leaves out."""

import uuid

import pytest
from documented import STORAGE, documented, not_emulated
from google.api_core.exceptions import PreconditionFailed

SECTION = "Cloud Storage"
PRECONDITIONS = STORAGE + "request-preconditions"
COMPOSITE = STORAGE + "composite-objects"
LIST = STORAGE + "json_api/v1/objects/list"
READ = "2026-11-22"


@pytest.fixture
def bucket(emulator):
    """A bucket of the test's own."""
    bucket = emulator.storage().create_bucket(f"bucket-{uuid.uuid4().hex[:12]}")
    yield bucket
    bucket.delete(force=True)


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


@not_emulated(
    SECTION, "Preconditions of reading, patching, copying and deleting: they are ignored", PRECONDITIONS, READ
)
def test_other_preconditions_are_ignored(bucket):
    blob = bucket.blob("x")
    blob.upload_from_string("one")
    assert blob.download_as_bytes(if_generation_match=1) == b"one"
    blob.metadata = {"artist": "Manet"}
    blob.patch(if_metageneration_match=77)
    blob.delete(if_generation_match=1)
    assert not bucket.blob("x").exists()


@not_emulated(SECTION, "`matchGlob` chooses objects: it is ignored, every object is listed", LIST, READ)
def test_globs_are_ignored(bucket):
    for name in ("a.png", "b.jpg"):
        bucket.blob(name).upload_from_string("x")
    assert [blob.name for blob in bucket.list_blobs(match_glob="*.png")] == ["a.png", "b.jpg"]


@not_emulated(
    SECTION, "A composite object has no MD5, but a component count: it is as any other", COMPOSITE, READ
)
def test_composite_objects_are_as_others(bucket):
    parts = [bucket.blob(name) for name in ("a", "b")]
    for part in parts:
        part.upload_from_string("x")
    bucket.blob("c").compose(parts)
    composed = bucket.get_blob("c")
    assert composed.download_as_bytes() == b"xx"
    assert composed.md5_hash
    assert composed.component_count is None


@not_emulated(SECTION, "Several calls in one request: no batch is answered", STORAGE + "batch", READ)
def test_batches_are_refused(bucket):
    bucket.blob("x").upload_from_string("x")
    with pytest.raises(ValueError, match="not multi-part"), bucket.client.batch():
        bucket.delete_blob("x")
    assert bucket.blob("x").exists()
