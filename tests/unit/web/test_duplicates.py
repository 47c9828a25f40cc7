"""The page Duplicates, and what a search folds, against the embedded BigQuery."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from tests.support.collection import publish
from tests.unit.web.conftest import DEMO
from vitrine.collection import load
from vitrine.web import duplicates
from vitrine.web.duplicates import Image, Pair, connected, fold

BUCKET = "web-duplicates"
CAR, PANDA = (DEMO / "drawings/car-red.jpg").read_bytes(), (DEMO / "photos/panda.jpg").read_bytes()
HOSTILE = """a/"><script>alert('1')<.jpg"""
OBJECTS = {"a/car.jpg": CAR, "b/car.jpg": CAR + b"larger", HOSTILE: CAR + b"as well", "b/panda.jpg": PANDA}


def uri(name: str) -> str:
    """Uri of a picture of the collection."""
    return f"gs://{BUCKET}/{name}"


@pytest.fixture(scope="module")
def collection(emulator):
    """A car under three names, of which two pairs are known, and a panda; one pair is out of date."""
    emulator.upload(BUCKET, OBJECTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_DATASET", "web_duplicates")
        patch.setenv("VITRINE_OBJECTS", f"gs://{BUCKET}/*")
        settings = load()["met"]
        publish(emulator, settings)
        table = settings.table("image_embeddings")
        hashes = {
            row["uri"]: row["content_hash"]
            for row in emulator.bigquery.query_and_wait(f"SELECT uri, content_hash FROM {table}")
        }
        rows = [
            {
                "uri": uri(first),
                "content_hash": hashes[uri(first)],
                "near_uri": uri(second),
                "near_content_hash": hashes[uri(second)] if known else "another",
                "distance": distance,
                "model": settings.model.id,
                "run_id": "test",
                "found_at": "2026-11-22T02:00:00Z",
            }
            for first, second, distance, known in (
                ("a/car.jpg", "b/car.jpg", 0.001, True),
                (HOSTILE, "b/car.jpg", 0.005, True),
                ("b/panda.jpg", "b/panda.jpg", 0.0, True),
                ("a/car.jpg", "b/panda.jpg", 0.002, False),
                (HOSTILE, "b/panda.jpg", 0.02, True),
            )
        ]
        emulator.load(settings.table_id("near_duplicates"), rows)
        yield settings


@pytest.fixture
def get(client, collection, login):
    """Ask for a page with these fields; answer the response."""
    duplicates.known.forget()

    def get(path="duplicates", **fields):
        return client.get(f"/vitrine/met/{path}?{urlencode(fields)}", headers=login | {"Accept": "text/html"})

    return get


def shown(answer) -> list[str]:
    """The uris of a page, in order."""
    return [unescape(uri) for uri in re.findall(r'data-uri="([^"]*)"', answer.text)]


def test_connected_pairs_are_one_group_the_largest_file_first(get):
    answer = get()
    assert answer.status_code == 200
    assert shown(answer) == [uri(name) for name in (HOSTILE, "b/car.jpg", "a/car.jpg")]
    assert "3 pictures, 0.0010 apart" in answer.text
    assert "1 group of pictures that are at most 0.01 apart" in answer.text
    assert "<script>alert" not in answer.text


def test_a_larger_distance_shows_what_was_found_at_it(get, monkeypatch):
    monkeypatch.setenv("VITRINE_DUPLICATE_DISTANCE", "0.03")
    assert len(shown(get())) == 4


def test_a_folder_shows_whole_groups_with_a_picture_in_it(get):
    assert len(shown(get(prefix=uri("a/car")))) == 3
    assert "No picture below" in get(prefix=uri("nowhere/")).text


def test_there_is_no_hundredth_group(get):
    assert shown(get(**{"from": "100"})) == []
    assert len(shown(get(**{"from": "-1 or 1=1"}))) == 3


def test_a_table_that_is_not_there_breaks_no_page(get, collection, emulator):
    table, kept = collection.table("near_duplicates"), collection.table("kept")
    emulator.bigquery.query_and_wait(f"CREATE OR REPLACE TABLE {kept} AS SELECT * FROM {table}")
    emulator.bigquery.query_and_wait(f"DROP TABLE {table}")
    try:
        answer = get()
        assert answer.status_code == 200
        assert (
            "Near-duplicates were not looked for yet. The next run of the DAG embed_images__met"
            in answer.text
        )
        assert "near-identical" not in get("", q="a car that is red").text
    finally:
        emulator.bigquery.query_and_wait(f"CREATE TABLE {table} AS SELECT * FROM {kept}")


def test_a_dataset_that_is_not_there_is_a_sentence(get, monkeypatch):
    monkeypatch.setenv("VITRINE_DATASET", "never_set_up_at_all")
    answer = get()
    assert answer.status_code == 404
    assert "Run the DAG setup_image_search first" in answer.text


def test_a_search_folds_near_duplicates_and_asks_for_them_once(get, emulator):
    before = {job.job_id for job in emulator.bigquery.list_jobs()}
    text = get("", q="a car that is red").text
    assert text.count("data-whole=") == 2, "one car and the panda"
    assert "+2 near-identical" in text
    assert "2 pictures and 2 near-identical" in text
    assert get("", q="a car that is red", n=2).text.count(" near-identical</summary>") == 1
    labels = [job.labels["vitrine"] for job in emulator.bigquery.list_jobs() if job.job_id not in before]
    assert sorted(labels) == ["search_by_text", "search_by_text", "select_duplicates"]


def picture(name: str) -> Image:
    """An image of this name."""
    return Image(name, "content", 1, None)


def test_groups_grow_together():
    pairs = [Pair(picture(a), picture(b), 0.0) for a, b in ("ab", "cd", "ef", "db")]
    assert [sorted(image.uri for image in group) for group in connected(pairs)] == [list("abcd"), list("ef")]
    assert connected([]) == []


def test_a_picture_is_folded_below_the_first_of_its_group():
    pictures = [picture(name) for name in "abcd"]
    folded = fold(pictures, {"b": 1, "d": 1, "a": 2, "elsewhere": 2})
    assert {uri: [one.uri for one in below] for uri, below in folded.items()} == {
        "a": [],
        "b": ["d"],
        "c": [],
    }
