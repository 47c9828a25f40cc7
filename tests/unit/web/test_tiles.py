"""The page Map against the embedded BigQuery: tiles of thumbnails, and sentences where there are none."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from tests.unit.web.conftest import BUCKET, HOSTILE, PICTURES
from vitrine.google import storage
from vitrine.web import tiles
from vitrine.web.atlas import atlases
from vitrine.web.tiles import KeptTiles

DRAWN_AT = "2026-11-22T13:00:00Z"
SHOWN = {f"gs://{BUCKET}/{name}" for name in (*PICTURES, HOSTILE)}
CELLS = [(x, y) for y in range(5) for x in range(5)]


def searchable(settings, emulator) -> list[dict]:
    """All pictures of the collection, to which tests of other modules may have added some."""
    sql = f"SELECT uri, content_hash FROM {settings.table('image_embeddings')} ORDER BY uri"
    return [dict(one) for one in emulator.bigquery.query_and_wait(sql)]


def rows(settings, emulator, drawn_at: str) -> list[dict]:
    """Five pictures of the collection in one line, and one whose content was another."""
    found = [one for one in searchable(settings, emulator) if one["uri"] in SHOWN]
    other = {"uri": found[0]["uri"], "content_hash": "another"}
    return [
        {**one, "x": x, "y": y, "level": 0, "drawn_at": drawn_at}
        for one, (x, y) in zip([*found, other], CELLS, strict=False)
    ]


@pytest.fixture
def drawn(collection, emulator, monkeypatch):
    """Draw the map, at a time; forget what was kept."""
    table = collection.table("image_map")

    def draw(drawn_at: str = DRAWN_AT, kept: slice = slice(None)) -> None:
        emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {table}")
        emulator.load(collection.table_id("image_map"), rows(collection, emulator, drawn_at)[kept])
        forget()

    def forget() -> None:
        atlases.forget()
        monkeypatch.setattr(tiles, "kept_tiles", KeptTiles())

    draw()
    yield draw
    emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {table}")
    forget()


@pytest.fixture
def get(client, collection, login):
    """Ask for an address below /vitrine/met/; answer the response."""
    return lambda address, **headers: client.get(f"/vitrine/met/{address}", headers=login | headers)


def version(get) -> str:
    """The version that the page names."""
    return re.search(r'data-version="(\d+)"', get("map/drawn").text)[1]


def tile(get, zoom: int, x: int = 0, y: int = 0, **more: object):
    """A tile of the map as it is."""
    return get(
        f"map/tile?version={version(get)}&zoom={zoom}&x={x}&y={y}"
        + "".join(f"&{k}={v}" for k, v in more.items())
    )


def pixel(answer, x: int, y: int) -> tuple[int, ...]:
    """A pixel of a tile."""
    with Image.open(io.BytesIO(answer.content)) as picture:
        return picture.convert("RGBA").getpixel((x, y))


def test_the_page_needs_no_job_and_the_map_comes_into_it(get, drawn, emulator):
    before = {job.job_id for job in emulator.bigquery.list_jobs()}
    assert 'data-load="map/drawn"' in get("map").text
    assert {job.job_id for job in emulator.bigquery.list_jobs()} == before
    text = get("map/drawn").text
    assert f"<strong>{len(SHOWN)} pictures</strong>" in text, "not the one that was overwritten"
    assert 'data-side="5" data-finest="1" data-last="3"' in text
    assert "Drawn on 2026-11-22" in text


def test_a_tile_shows_pictures_and_is_transparent_where_there_are_none(get, drawn):
    answer = tile(get, 1)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (256, 256))
    assert [pixel(answer, 32 + 64 * column, 32)[3] for column in range(4)] == [255] * 4
    assert pixel(answer, 32, 96)[3] == 0
    assert pixel(answer, 0, 32)[3] == 0, "between two pictures"


@pytest.mark.parametrize(("zoom", "ratio", "pixels"), [(0, 1, 256), (3, 1, 256), (1, 2, 512), (3, 2, 512)])
def test_a_tile_is_as_large_as_the_screen_needs(get, drawn, zoom, ratio, pixels):
    with Image.open(io.BytesIO(tile(get, zoom, ratio=ratio).content)) as picture:
        assert picture.size == (pixels, pixels)


def test_a_tile_is_made_once_and_sent_once(get, drawn, monkeypatch):
    first = tile(get, 1)
    monkeypatch.setattr(storage, "read_generation", lambda *_: pytest.fail("read again"))
    assert tile(get, 1).content == first.content
    address = f"map/tile?version={version(get)}&zoom=1&x=0&y=0"
    again = get(address, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_many_tiles_are_one_job(get, drawn, emulator):
    before = {job.job_id for job in emulator.bigquery.list_jobs()}
    for zoom in (0, 1, 2):
        assert tile(get, zoom).status_code == 200
    labels = [job.labels["vitrine"] for job in emulator.bigquery.list_jobs() if job.job_id not in before]
    assert labels == ["select_map"]


def test_a_picture_that_is_gone_leaves_its_square_empty(get, drawn, emulator):
    blob = emulator.storage.bucket(BUCKET).blob("photos/cat.jpg")
    data = blob.download_as_bytes()
    blob.delete()
    try:
        answer = tile(get, 1)
    finally:
        blob.upload_from_string(data, content_type="image/jpeg")
    sight = [pixel(answer, 32 + 64 * column, 32)[3] for column in range(4)]
    assert sorted(sight) == [0, 255, 255, 255]


def test_nothing_that_the_collection_could_not_list_is_shown(get, drawn, monkeypatch):
    monkeypatch.setenv("VITRINE_OBJECTS", "gs://elsewhere/*")
    assert pixel(tile(get, 1), 32, 32)[3] == 0


@pytest.mark.parametrize(
    "address",
    [
        "map/tile?version=0&zoom=0&x=0&y=0",
        "map/tile?version={version}&zoom=4&x=0&y=0",
        "map/tile?version={version}&zoom=-1&x=0&y=0",
        "map/picture?version=0&zoom=0&x=0&y=0",
    ],
)
def test_another_map_is_asked_for_in_vain(get, drawn, address):
    answer = get(address.format(version=version(get)))
    assert (answer.status_code, answer.json()["detail"]) == (404, tiles.DRAWN_ANEW)


@pytest.mark.parametrize("change", ["ratio=3", "zoom=x", "x=1e9"])
def test_what_is_no_tile_is_refused(get, drawn, change):
    assert tile(get, 1).status_code == 200
    assert get(f"map/tile?version=1&zoom=1&x=0&y=0&{change}").status_code in (404, 422)


def test_a_picture_of_the_map_is_enlarged_with_its_name(get, drawn):
    texts = [get(f"map/picture?version={version(get)}&zoom=1&x={x}&y=0").text for x in range(5)]
    assert sum("enlarged?uri=" in text and "More like this" in text for text in texts) == 5
    assert "<script>alert" not in "".join(texts)
    assert any("&lt;script&gt;" in text for text in texts), HOSTILE
    assert get(f"map/picture?version={version(get)}&zoom=1&x=0&y=1").status_code == 404


def test_what_is_not_on_the_map_is_counted(get, drawn, collection, emulator):
    drawn(kept=slice(3))
    others = len(searchable(collection, emulator)) - 3
    assert f"{others} searchable pictures are not on it." in get("map/drawn").text


def test_an_old_map_says_so(get, drawn):
    weeks = timedelta(weeks=1)
    drawn((datetime.now(UTC) - weeks).isoformat())
    assert "run the DAG" not in get("map/drawn").text
    drawn((datetime.now(UTC) - 3 * weeks).isoformat())
    assert "and older than it should be: run the DAG map_collection__met." in get("map/drawn").text


def test_without_a_map_the_page_says_what_to_run(get, collection, emulator):
    atlases.forget()
    assert "The map was not drawn yet. Run the DAG map_collection__met." in get("map/drawn").text
    emulator.bigquery.query_and_wait(f"DROP TABLE {collection.table('image_map')}")
    try:
        atlases.forget()
        assert "The map was not drawn yet. Run the DAG map_collection__met." in get("map/drawn").text
    finally:
        sql = f"CREATE TABLE {collection.table('image_map')} (uri STRING, content_hash STRING, x INT64, y INT64, level INT64, drawn_at TIMESTAMP)"
        emulator.bigquery.query_and_wait(sql)


def test_a_dataset_that_is_not_there_is_a_sentence(get, monkeypatch):
    monkeypatch.setenv("VITRINE_DATASET", "never_set_up_at_all")
    answer = get("map/drawn")
    assert answer.status_code == 404
    assert "Run the DAG setup_image_search first" in answer.text


@pytest.mark.parametrize(
    "address",
    ["map", "map/drawn", "map/tile?version=1&zoom=0&x=0&y=0", "map/picture?version=1&zoom=0&x=0&y=0"],
)
def test_nothing_without_a_login(client, collection, address):
    assert client.get(f"/vitrine/met/{address}").status_code == 401


def test_a_run_leads_to_its_map(client, login, collection):
    answer = client.get("/vitrine/_runs/map_collection__met/r", headers=login, follow_redirects=False)
    assert answer.headers["Location"].endswith("/vitrine/met/map")


def test_kept_tiles_have_a_bound():
    kept = KeptTiles(most=10)
    kept.keep("a", b"1234")
    kept.keep("b", b"1234")
    assert kept.get("a") == b"1234"
    kept.keep("c", b"1234")
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (b"1234", None, b"1234")
    kept.keep("c", b"12")
    kept.keep("d", b"1234")
    assert kept.get("a") == b"1234"
