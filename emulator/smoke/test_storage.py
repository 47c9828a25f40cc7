"""google-cloud-storage: what people do with buckets and objects."""

import io

import pytest
from google.api_core.exceptions import Conflict, NotFound, PreconditionFailed
from google.cloud.storage import transfer_manager


def names(blobs) -> list[str]:
    return [blob.name for blob in blobs]


def test_buckets(emulator, bucket):
    client = emulator.storage()
    assert client.lookup_bucket(bucket.name).name == bucket.name
    assert client.lookup_bucket("no-such-bucket") is None
    assert bucket.name in [item.name for item in client.list_buckets()]
    with pytest.raises(Conflict):
        client.create_bucket(bucket.name)
    with pytest.raises(NotFound):
        client.get_bucket("no-such-bucket")


@pytest.mark.parametrize("name", ["a.txt", "a folder/b c.txt", "ümlaut/日本.png", "plus+and&percent%25?.jpg"])
def test_what_is_uploaded_is_downloaded(bucket, name):
    blob = bucket.blob(name)
    blob.upload_from_string(b"\x00content", content_type="image/png")
    found = bucket.get_blob(name)
    assert (found.name, found.size, found.content_type) == (name, 8, "image/png")
    assert found.md5_hash
    assert found.crc32c
    assert found.time_created <= found.updated
    assert found.download_as_bytes() == b"\x00content"
    assert found.download_as_bytes(start=1, end=3) == b"con"
    assert bucket.blob(name).exists()
    blob.delete()
    assert not bucket.blob(name).exists()
    with pytest.raises(NotFound):
        blob.delete()


def test_files_and_streams(bucket, tmp_path):
    (tmp_path / "in.json").write_bytes(b"from a file")
    bucket.blob("file.json").upload_from_filename(tmp_path / "in.json")
    assert bucket.get_blob("file.json").content_type == "application/json"
    bucket.blob("file.json").download_to_filename(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"from a file"
    bucket.blob("stream").upload_from_file(io.BytesIO(b"from a stream"), size=13)
    with bucket.blob("stream").open("rb") as reader:
        assert reader.read() == b"from a stream"
    with bucket.blob("written").open("w") as writer:
        writer.write("text é")
    assert bucket.blob("written").download_as_text() == "text é"


def test_a_resumable_upload_in_chunks(bucket):
    data = bytes(range(256)) * 4096 + b"end"
    blob = bucket.blob("large", chunk_size=256 * 1024)
    blob.upload_from_file(io.BytesIO(data))
    assert bucket.get_blob("large").size == len(data)
    assert bucket.blob("large").download_as_bytes() == data
    assert bucket.blob("large", chunk_size=512 * 1024).download_as_bytes() == data


def test_objects_are_listed(emulator, bucket):
    for name in ("a/1", "a/2", "a/b/3", "top"):
        bucket.blob(name).upload_from_string(name)
    client = emulator.storage()
    assert names(client.list_blobs(bucket)) == ["a/1", "a/2", "a/b/3", "top"]
    assert names(client.list_blobs(bucket, prefix="a/")) == ["a/1", "a/2", "a/b/3"]
    folders = client.list_blobs(bucket, delimiter="/")
    assert (names(folders), folders.prefixes) == (["top"], {"a/"})
    folders = client.list_blobs(bucket, prefix="a/", delimiter="/")
    assert (names(folders), folders.prefixes) == (["a/1", "a/2"], {"a/b/"})
    assert names(client.list_blobs(bucket, max_results=2)) == ["a/1", "a/2"]
    assert [len(list(page)) for page in client.list_blobs(bucket, page_size=3).pages] == [3, 1]
    assert names(client.list_blobs(bucket, start_offset="a/2", end_offset="top")) == ["a/2", "a/b/3"]


def test_metadata(bucket):
    blob = bucket.blob("x")
    blob.metadata = {"artist": "Manet"}
    blob.cache_control = "no-store"
    blob.upload_from_string("x", content_type="text/plain")
    found = bucket.get_blob("x")
    assert (found.metadata, found.cache_control) == ({"artist": "Manet"}, "no-store")
    found.metadata = {"artist": "Monet", "year": "1872"}
    found.content_type = "image/jpeg"
    found.patch()
    found = bucket.get_blob("x")
    assert (found.metadata, found.content_type) == ({"artist": "Monet", "year": "1872"}, "image/jpeg")


def test_generations_guard_against_overwriting(bucket):
    blob = bucket.blob("x")
    blob.upload_from_string("one", if_generation_match=0)
    first = blob.generation
    with pytest.raises(PreconditionFailed):
        bucket.blob("x").upload_from_string("two", if_generation_match=0)
    blob.upload_from_string("two", if_generation_match=first)
    assert bucket.get_blob("x").generation != first


def test_copy_rename_rewrite_and_compose(bucket):
    source = bucket.blob("source")
    source.upload_from_string("body", content_type="image/png")
    copy = bucket.copy_blob(source, bucket, "copy")
    assert (copy.download_as_bytes(), bucket.get_blob("copy").content_type) == (b"body", "image/png")
    bucket.rename_blob(copy, "renamed")
    assert names(bucket.list_blobs()) == ["renamed", "source"]
    rewritten = bucket.blob("rewritten")
    assert rewritten.rewrite(source) == (None, 4, 4)
    composed = bucket.blob("composed")
    composed.content_type = "text/plain"
    composed.compose([source, rewritten])
    assert composed.download_as_bytes() == b"bodybody"


def test_many_at_once(bucket):
    pairs = [(io.BytesIO(b"x"), bucket.blob(str(number))) for number in range(5)]
    assert transfer_manager.upload_many(pairs, worker_type=transfer_manager.THREAD) == [None] * 5
    blobs = [bucket.blob(str(number)) for number in range(5)]
    targets = [(blob, io.BytesIO()) for blob in blobs]
    transfer_manager.download_many(targets, worker_type=transfer_manager.THREAD)
    assert [target.getvalue() for _, target in targets] == [b"x"] * 5
    bucket.delete_blobs(blobs)
    assert names(bucket.list_blobs()) == []
