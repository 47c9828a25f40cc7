"""A search with a person's own picture, against the embedded BigQuery and its storage."""

import io
import re
from html import unescape

import pytest
from google.api_core.exceptions import ServiceUnavailable
from PIL import Image

from tests.unit.web.conftest import BUCKET, DEMO
from vitrine.collection import load
from vitrine.errors import SettingsError
from vitrine.web import own_picture
from vitrine.web.own_picture import PREFIX, Sweeper, sweep
from vitrine.web.thumbnails import client_of

UPLOADS = "web-uploads"
CAT = (DEMO / "photos/cat.jpg").read_bytes()
SAME_SITE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@pytest.fixture(autouse=True)
def uploads(collection, emulator, monkeypatch):
    """A bucket for uploads; nothing may be in it after a test."""
    if not emulator.storage.bucket(UPLOADS).exists():
        emulator.storage.create_bucket(UPLOADS)
    monkeypatch.setenv("VITRINE_UPLOADS", f"gs://{UPLOADS}/")
    yield load()["met"]
    assert list(emulator.storage.list_blobs(UPLOADS)) == []


@pytest.fixture
def post(client, login):
    """Send a form with a picture; answer the response."""

    def post(picture=b"", headers=SAME_SITE, name="mine.jpg", **fields):
        files = {"picture": (name, picture, "application/octet-stream")}
        return client.post("/vitrine/met/", data=fields, files=files, headers=login | headers)

    return post


def picture(size=(60, 40), colour="red", format="PNG", **options) -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, format, **options)
    return buffer.getvalue()


def uris(answer) -> list[str]:
    """The uris a page shows, best first."""
    return [unescape(uri) for uri in re.findall(r'data-uri="([^"]*)"', answer.text)]


def kept(answer) -> dict[str, str]:
    """What the page keeps of the picture."""
    return dict(re.findall(r'type="hidden" name="(vector|preview)" value="([^"]*)"', answer.text))


def test_a_picture_finds_pictures_like_it_and_nothing_of_it_stays(post, emulator, collection):
    calls, table = emulator.last_call(), collection.table("image_embeddings")
    count = f"SELECT COUNT(*) AS n FROM {table}"
    before = [row.n for row in emulator.bigquery.query_and_wait(count)]
    answer = post(CAT)
    assert answer.status_code == 200
    assert uris(answer)[0] == f"gs://{BUCKET}/photos/cat.jpg"
    [call] = emulator.ledger(after=calls)
    assert (call["kind"], call["uri"].startswith(f"gs://{UPLOADS}/{PREFIX}")) == ("image", True)
    assert [row.n for row in emulator.bigquery.query_and_wait(count)] == before
    assert "one call to the model" in answer.text
    assert "Copy link" not in answer.text  # no address holds the picture
    assert "img-src 'self' data:;" in answer.headers["Content-Security-Policy"]
    assert f'src="data:image/jpeg;base64,{kept(answer)["preview"]}"' in answer.text


def test_the_same_picture_is_paid_for_once(post, emulator):
    post(CAT)
    calls = emulator.last_call()
    again = post(CAT, n="2", name="other.jpg")
    assert uris(again)
    assert "no call to the model" in again.text
    assert emulator.last_call() == calls


def test_a_search_is_changed_without_the_picture(post, emulator):
    first = post(CAT)
    calls = emulator.last_call()
    answer = post(q="a red car", weight="0.95", **kept(first))
    assert "car-red" in uris(answer)[0]
    assert kept(answer) == kept(first)
    assert emulator.last_call() <= calls + 1
    dropped = post(q="a red car", minus="a panda", drop="a red car", **kept(first))
    assert 'name="minus" value="a panda"' in dropped.text
    assert 'value="a red car"' not in dropped.text


def test_what_a_camera_notes_is_not_sent(post, emulator, monkeypatch):
    sent = []
    upload = own_picture.storage.upload
    monkeypatch.setattr(own_picture.storage, "upload", lambda *given: sent.append(given[2]) or upload(*given))
    exif = Image.Exif()
    exif[0x010E] = "my garden"
    assert post(picture((2000, 1500), "navy", "JPEG", exif=exif)).status_code == 200
    with Image.open(io.BytesIO(sent[0])) as small:
        assert small.size == (1024, 768)
        assert dict(small.getexif()) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_the_page_of_another_site_may_not_search(post, emulator, headers):
    calls, jobs = emulator.last_call(), len(list(emulator.bigquery.list_jobs()))
    answer = post(picture(colour="pink"), headers=headers)
    assert answer.status_code == 403
    assert emulator.last_call() == calls
    assert len(list(emulator.bigquery.list_jobs())) == jobs


def test_nobody_searches_without_a_login(client):
    answer = client.post("/vitrine/met/", files={"picture": CAT}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("given", "fields", "sentence"),
    [
        (b"no picture", {}, "This is not a picture of JPEG, PNG, BMP, GIF, WEBP with at most 80 megapixels"),
        (b"x" * (21 * 2**20), {}, "The picture has more than 20 MiB"),
        (b"", {}, "read by another model, or not at all"),
        (b"", {"vector": "AAAA"}, "read by another model, or not at all"),
        (b"", {"vector": "#"}, "read by another model, or not at all"),
        (b"", {"vector": "A" * 8 * 1408 * 4 + "=="}, "read by another model, or not at all"),
        (CAT, {"weight": "7"}, "The weight is '7'"),
    ],
)
def test_what_cannot_be_searched_with_is_refused_before_it_is_sent(post, emulator, given, fields, sentence):
    calls, jobs = emulator.last_call(), len(list(emulator.bigquery.list_jobs()))
    answer = post(given, **fields)
    assert answer.status_code == 400
    assert sentence in unescape(answer.text)
    assert emulator.last_call() == calls
    assert len(list(emulator.bigquery.list_jobs())) == jobs


def test_an_empty_form_is_a_sentence(client, login, uploads):
    empty = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/vitrine/met/", content=b"--x--\r\n", headers=login | SAME_SITE | empty)
    assert (answer.status_code, "or not at all" in answer.text) == (400, True)


def test_a_bomb_is_refused(post, monkeypatch):
    monkeypatch.setattr("vitrine.search.gallery.MAX_PIXELS", 1_000)
    assert "This is not a picture" in post(picture()).text


def test_a_missing_permission_is_named_before_anything_is_paid(post, emulator):
    before, calls = emulator.faults(), emulator.last_call()
    emulator.faults(denied_permissions=["storage.objects.delete"])
    try:
        answer = post(picture(colour="teal"))
    finally:
        emulator.faults(**before)
    assert answer.status_code == 400
    assert f"lacks storage.objects.delete on gs://{UPLOADS}/" in unescape(answer.text)
    assert emulator.last_call() == calls


def test_a_bucket_that_is_not_there_is_named(post, monkeypatch):
    monkeypatch.setenv("VITRINE_UPLOADS", "gs://no-such-uploads/")
    assert "storage.objects.create" in post(picture(colour="olive")).text


def test_the_picture_is_deleted_if_the_model_fails(post, emulator):
    before = emulator.faults()
    emulator.faults(outage=True)
    try:
        answer = post(picture(colour="gold"))
    finally:
        emulator.faults(**before)
    assert answer.status_code == 502
    assert "The picture was not embedded: A retryable error occurred" in answer.text


def test_what_could_not_be_deleted_is_deleted_later(post, emulator, uploads, monkeypatch):
    def fail(*_):
        raise ServiceUnavailable("not now")

    with monkeypatch.context() as patch:
        patch.setattr(own_picture.storage, "delete", fail)
        assert uris(post(picture(colour="silver")))
    [left] = emulator.storage.list_blobs(UPLOADS)
    sweep(uploads, client_of(uploads))
    assert [blob.name for blob in emulator.storage.list_blobs(UPLOADS)] == [left.name]  # it may be in use
    monkeypatch.setattr(own_picture, "LEFT_OVER_SECONDS", 0.0)
    Sweeper().look(uploads)


def test_others_objects_are_not_swept(emulator, uploads, monkeypatch):
    monkeypatch.setattr(own_picture, "LEFT_OVER_SECONDS", 0.0)
    emulator.upload(UPLOADS, {"somebody's.jpg": b"x"})
    Sweeper().look(uploads)
    [left] = emulator.storage.list_blobs(UPLOADS)
    left.delete()


def test_the_sweeper_looks_once_an_hour(uploads, monkeypatch):
    looked = []
    monkeypatch.setattr(own_picture, "sweep", lambda *_: looked.append(1))
    sweeper = Sweeper()
    sweeper.look(uploads)
    sweeper.look(uploads)
    assert looked == [1]


def test_the_page_says_what_it_costs_first(client, login):
    page = client.get("/vitrine/met/", headers=login).text
    assert "at most 20 MiB and 80 megapixels" in page
    assert re.search(r"It costs\s+0.0001 USD, one call to the model", page)
    assert f"gs://{UPLOADS}/" in page
    assert "Own picture" in page


def test_without_the_setting_there_is_no_such_search(client, login, post, monkeypatch):
    monkeypatch.delenv("VITRINE_UPLOADS")
    assert "Own picture" not in client.get("/vitrine/met/", headers=login).text
    assert "set `uploads`" in post(CAT).text


def test_uploads_are_never_in_the_bucket_of_a_collection(monkeypatch):
    monkeypatch.setenv("VITRINE_UPLOADS", f"gs://{BUCKET}/uploads/")
    with pytest.raises(SettingsError, match="is in a bucket of met: give pictures that people search with"):
        load()


@pytest.mark.parametrize("place", ["uploads", "gs://", "gs://b", "gs://b/no-slash", "gs://b/'/"])
def test_uploads_are_a_prefix(monkeypatch, place):
    monkeypatch.setenv("VITRINE_UPLOADS", place)
    with pytest.raises(SettingsError, match="VITRINE_UPLOADS="):
        load()


def test_ai_generate_embedding_reads_it_too(post, monkeypatch):
    monkeypatch.setenv("VITRINE_FUNCTION", "AI.GENERATE_EMBEDDING")
    assert uris(post(picture(colour="purple")))
