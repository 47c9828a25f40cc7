"""Reading images from Cloud Storage, against the embedded one."""

import socket
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
import requests
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from requests.exceptions import RequestException

from vitrine.google import storage


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


def test_a_generation_is_read_as_long_as_it_is_there(emulator):
    emulator.upload("storage-test", {"twice.jpg": b"old"})
    client = storage.client("google_cloud_default")
    uri, blob = "gs://storage-test/twice.jpg", emulator.storage.bucket("storage-test").get_blob("twice.jpg")
    assert storage.read_generation(client, uri, blob.generation) == b"old"
    emulator.upload("storage-test", {"twice.jpg": b"new"})
    assert storage.read_generation(client, uri, blob.generation) is None
    assert storage.read_generation(client, uri, None) == b"new"
    assert storage.read_generation(client, "gs://storage-test/gone.jpg", 1) is None


def test_of_what_is_too_large_only_the_beginning_is_fetched(emulator, monkeypatch):
    monkeypatch.setattr(storage, "MAX_IMAGE_BYTES", 3)
    emulator.upload("storage-test", {"large.jpg": b"0123456789"})
    client = storage.client("google_cloud_default")
    assert storage.read_generation(client, "gs://storage-test/large.jpg", None) == b"0123"


def test_what_is_too_large_is_not_fetched(emulator, monkeypatch):
    monkeypatch.setattr(storage, "MAX_IMAGE_BYTES", 3)
    emulator.upload("storage-test", {"large": b"1234"})
    assert storage.read_image(storage.client("google_cloud_default"), "gs://storage-test/large") is None


def test_what_has_gone_since_it_was_found_is_none(emulator):
    emulator.upload("storage-test", {"brief.jpg": b"x"})
    blob = storage.find_image(storage.client("google_cloud_default"), "gs://storage-test/brief.jpg")
    blob.delete()
    assert storage.download(blob) is None


@pytest.mark.timeout(20)
def test_a_storage_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(storage, "RETRY_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = Client("p", AnonymousCredentials(), client_options=ClientOptions(api_endpoint=endpoint))
        with pytest.raises((GoogleAPIError, RequestException)):
            storage.find_image(client, "gs://b/x.jpg")
        with pytest.raises((GoogleAPIError, RequestException)):
            storage.download(client.bucket("b").blob("x.jpg"))


def test_a_person_opens_an_object_with_his_own_login():
    google = SimpleNamespace(api_endpoint=storage.API_ENDPOINT)
    address = storage.browser_address(google, "gs://bucket/a folder/ü?.jpg")
    assert address == "https://storage.cloud.google.com/bucket/a%20folder/%C3%BC%3F.jpg"


@pytest.mark.parametrize("name", ["../evil/x.html", "a/../../evil/x.html", "./a/.", "a/.."])
def test_no_name_of_an_object_leads_a_browser_out_of_its_bucket(name):
    google = SimpleNamespace(api_endpoint=storage.API_ENDPOINT)
    address = storage.browser_address(google, f"gs://bucket/{name}")
    # A browser takes a segment away that is two dots, written as they are or as %2e, with the one before.
    start, _, path = address.partition("/bucket/")
    assert start == storage.BROWSER_ENDPOINT
    assert "/" not in path
    assert unquote(path) == name


def test_such_a_name_opens_from_the_embedded_storage(emulator):
    emulator.upload("storage-test", {"a/../b/./x.jpg": b"image"})
    address = storage.browser_address(emulator.storage, "gs://storage-test/a/../b/./x.jpg")
    assert requests.get(address, timeout=30).content == b"image"


def test_the_constant_is_the_clients_own_endpoint(monkeypatch):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    client = Client(project="p", credentials=AnonymousCredentials())
    assert client.api_endpoint == storage.API_ENDPOINT
