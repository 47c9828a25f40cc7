"""Objects that an earlier version kept as files of their names are taken over, once and completely."""

import json
import os

import pytest
from emulator_process import EmulatorProcess

ATTRIBUTES = {
    "ContentType": "image/png",
    "Metadata": {"artist": "Monet"},
    "CacheControl": "no-store",
    "Generation": 7,
}


@pytest.fixture
def earlier(tmp_path):
    """A data folder as fake-gcs-server left it."""
    for name in ("a.png", "folder/b c.png"):
        path = tmp_path / "storage" / "earlier" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        try:
            os.setxattr(path, "user.metadata", json.dumps(ATTRIBUTES).encode())
        except OSError as error:
            pytest.skip(f"no extended attributes here: {error}")
    (tmp_path / "storage" / "empty").mkdir()
    (tmp_path / "storage" / "earlier.bucketMetadata").write_text('{"VersioningEnabled": false}')
    return tmp_path


def contents(process) -> dict:
    return {blob.name: (blob.content_type, blob.metadata) for blob in process.storage().list_blobs("earlier")}


def test_everything_is_taken_over_and_the_old_folder_goes(earlier):
    with EmulatorProcess(earlier) as process:
        assert contents(process) == dict.fromkeys(
            ["a.png", "folder/b c.png"], ("image/png", {"artist": "Monet"})
        )
        blob = process.storage().bucket("earlier").get_blob("folder/b c.png")
        assert (blob.download_as_bytes(), blob.cache_control) == (b"folder/b c.png", "no-store")
        assert [bucket.name for bucket in process.storage().list_buckets()] == ["earlier", "empty"]
        assert not (earlier / "storage").exists()


def test_what_was_taken_over_before_a_kill_is_not_taken_again(earlier):
    kept = (earlier / "storage").rename(earlier / "kept")
    with EmulatorProcess(earlier) as process:
        process.upload("earlier", {"a.png": b"newer"})
    kept.rename(earlier / "storage")
    with EmulatorProcess(earlier) as process:
        assert process.storage().bucket("earlier").blob("a.png").download_as_bytes() == b"newer"
        assert set(contents(process)) == {"a.png", "folder/b c.png"}


def test_what_cannot_be_taken_over_stays_where_it_is_and_is_named(earlier, capfd):
    os.removexattr(earlier / "storage" / "earlier" / "a.png", "user.metadata")
    with EmulatorProcess(earlier) as process:
        assert set(contents(process)) == {"folder/b c.png"}
    assert "1 objects could not be taken over; they stay in" in capfd.readouterr().err
    assert (earlier / "storage" / "earlier" / "a.png").exists()
