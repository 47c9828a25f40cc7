"""Thumbnails: small, kept by the browser, and of nothing but what our tables name."""

import io
import re
from threading import Event

import anyio
import pytest
import requests
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from PIL import Image

from tests.unit.web.conftest import BUCKET, HOSTILE
from vitrine.collection import load
from vitrine.google import storage
from vitrine.web import thumbnails
from vitrine.web.thumbnails import (
    ENLARGED_PIXELS,
    browser_address,
    enlarged_address,
    is_listed,
    signature,
    thumbnail_address,
)


@pytest.fixture
def get(client, collection, login):
    """Ask for an address below /vitrine/; answer the response."""
    return lambda address, **headers: client.get(f"/vitrine/met/{address}", headers=login | headers)


def test_a_small_jpeg_that_the_browser_may_keep(get):
    answer = get(thumbnail_address(f"gs://{BUCKET}/photos/cat.jpg"))
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.format == "JPEG"
        assert max(picture.size) <= 320
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"


def test_an_enlargement_that_the_browser_may_keep_and_what_is_known_of_the_object(get, emulator):
    buffer = io.BytesIO()
    Image.new("RGB", (4_000, 3_000), "red").save(buffer, "PNG")
    emulator.upload(BUCKET, {"large.png": buffer.getvalue()})
    answer = get(enlarged_address(f"gs://{BUCKET}/large.png"))
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (ENLARGED_PIXELS, ENLARGED_PIXELS * 3 // 4))
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert answer.headers["Vitrine-Pixels"] == "4000 3000"
    assert answer.headers["Vitrine-Bytes"] == str(len(buffer.getvalue()))
    assert re.match(r"20\d\d-\d\d-\d\dT", answer.headers["Vitrine-Updated"])


@pytest.mark.parametrize("address", [thumbnail_address, enlarged_address])
def test_what_would_decode_to_gigabytes_is_not_served(get, emulator, monkeypatch, address):
    monkeypatch.setattr("vitrine.search.gallery.MAX_PIXELS", 100)
    assert get(address(f"gs://{BUCKET}/photos/cat.jpg")).status_code == 404


def test_the_same_picture_is_not_sent_again(get):
    address = thumbnail_address(f"gs://{BUCKET}/photos/cat.jpg")
    tag = get(address).headers["ETag"]
    again = get(address, **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_an_overwritten_picture_is_sent_again(get, emulator):
    uri = f"gs://{BUCKET}/photos/cat.jpg"
    blob = emulator.storage.bucket(BUCKET).blob("photos/cat.jpg")
    before, tag = blob.download_as_bytes(), get(thumbnail_address(uri)).headers["ETag"]
    blob.upload_from_string(before, content_type="image/jpeg")
    assert get(thumbnail_address(uri), **{"If-None-Match": tag}).status_code == 200


def test_a_hostile_name_is_a_name(get):
    assert get(thumbnail_address(f"gs://{BUCKET}/{HOSTILE}")).status_code == 200


@pytest.mark.parametrize(
    ("uri", "signed"),
    [
        (f"gs://{BUCKET}/photos/cat.jpg", "0" * 64),
        (f"gs://{BUCKET}/photos/cat.jpg", "ü"),
        (f"gs://{BUCKET}/photos/cat.jpg", None),
        (f"gs://{BUCKET}/../secret", "0" * 64),
        ("file:///etc/passwd", "0" * 64),
        ("javascript:alert(1)", "0" * 64),
    ],
)
def test_what_was_not_offered_is_not_served(get, uri, signed):
    other = signature(f"gs://{BUCKET}/photos/panda.jpg") if signed is None else signed
    assert get(f"thumbnails?uri={uri}&signature={other}").status_code == 404
    assert get(f"enlarged?uri={uri}&signature={other}").status_code == 404


def test_another_bucket_is_not_served_even_if_signed(get, emulator):
    emulator.upload("another-bucket", {"x.jpg": b"x"})
    assert get(thumbnail_address("gs://another-bucket/x.jpg")).status_code == 404


@pytest.mark.parametrize("content", [b"no picture", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n"])
def test_what_is_no_picture_or_gone_is_not_served(get, emulator, content):
    emulator.upload(BUCKET, {"unpublished.txt": content})
    assert get(thumbnail_address(f"gs://{BUCKET}/unpublished.txt")).status_code == 404
    assert get(thumbnail_address(f"gs://{BUCKET}/gone.jpg")).status_code == 404


def test_what_goes_while_it_is_asked_for_is_not_served(get, emulator, monkeypatch):
    emulator.upload(BUCKET, {"unpublished.jpg": b"x"})
    blob = emulator.storage.bucket(BUCKET).get_blob("unpublished.jpg")
    blob.delete()
    monkeypatch.setattr(storage, "find_image", lambda *_: blob)
    answer = get(thumbnail_address(f"gs://{BUCKET}/unpublished.jpg"))
    assert (answer.status_code, answer.json()["detail"][:19]) == (404, "The picture is gone")


def test_a_connection_that_does_not_work_is_a_sentence(get, broken_connection):
    answer = get(thumbnail_address(f"gs://{BUCKET}/photos/cat.jpg"))
    assert answer.status_code == 502
    assert answer.text == "Airflow's connection to Google Cloud does not work: ask your administrator."
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_storage_out_of_reach_is_a_sentence(get, monkeypatch):
    def refuse(*_):
        raise requests.ConnectionError("refused")

    monkeypatch.setattr(storage, "find_image", refuse)
    answer = get(thumbnail_address(f"gs://{BUCKET}/photos/cat.jpg"))
    assert (answer.status_code, answer.text[:32]) == (503, "Cloud Storage cannot be reached.")


def test_slow_storage_takes_no_thread_from_the_rest_of_airflow(collection, monkeypatch):
    go_on, app = Event(), FastAPI()
    app.include_router(thumbnails.router, prefix="/{name}")
    monkeypatch.setattr(storage, "find_image", lambda *_: go_on.wait(60) and None)
    address = "/met/" + thumbnail_address(f"gs://{BUCKET}/photos/cat.jpg")

    async def many_requests() -> None:
        browser = AsyncClient(transport=ASGITransport(app), base_url="http://localhost")
        async with browser, anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(browser.get, address)
            try:
                # Airflow's threads look up the collection, for a moment; a limiter has no event to wait for.
                own, shared = thumbnails.THREADS, current_default_thread_limiter()
                with anyio.fail_after(20):
                    while own.available_tokens or shared.borrowed_tokens:  # noqa: ASYNC110
                        await anyio.sleep(0.01)
            finally:
                go_on.set()

    anyio.run(many_requests)


@pytest.mark.parametrize(
    ("uri", "listed"),
    [("gs://b/a/x.jpg", True), ("gs://b/x.jpg", False), ("gs://c[1]/x", True), ("gs://c1/x", False)],
)
def test_only_what_the_object_table_may_list(monkeypatch, uri, listed):
    monkeypatch.setenv("VITRINE_OBJECTS", "gs://b/a/*,gs://c[1]/*")
    assert is_listed(load()["met"], uri) is listed


def test_the_whole_picture_opens_where_the_storage_is(collection, emulator):
    assert browser_address(collection, "gs://b/a c.jpg") == f"{emulator.storage_url}/b/a%20c.jpg"


def test_browsers_may_reach_the_storage_elsewhere_than_airflow_does(collection, emulator):
    published = collection.model_copy(update={"browser_storage": "http://localhost:4443"})
    assert browser_address(published, "gs://b/a c.jpg") == "http://localhost:4443/b/a%20c.jpg"
