"""Reading images from Cloud Storage, against the embedded one."""

from vitrine import storage


def test_an_image_is_read_whatever_its_name(emulator):
    name = "a folder/ü 'quoted' #1?.jpg"
    emulator.upload("storage-test", {name: b"image"})
    client = storage.client("google_cloud_default")
    assert storage.read_image(client, f"gs://storage-test/{name}") == b"image"


def test_what_is_gone_is_none(emulator):
    emulator.upload("storage-test", {"x": b"x"})
    client = storage.client("google_cloud_default")
    assert storage.read_image(client, "gs://storage-test/gone.jpg") is None
    assert storage.read_image(client, "gs://no-such-bucket/x.jpg") is None


def test_what_is_too_large_is_not_fetched(emulator, monkeypatch):
    monkeypatch.setattr(storage, "MAX_IMAGE_BYTES", 3)
    emulator.upload("storage-test", {"large": b"1234"})
    assert storage.read_image(storage.client("google_cloud_default"), "gs://storage-test/large") is None
