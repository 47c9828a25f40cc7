"""Folders, media types and years with their counts, and searches that they narrow."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.unit.web.conftest import BUCKET
from vitrine.web import facets
from vitrine.web.facets import Counts, root
from vitrine.web.search import Search, find

YEAR = "SELECT EXTRACT(YEAR FROM MAX(updated)) AS year FROM {}"


@pytest.fixture
def get(client, collection, login):
    """Ask for the part with the facets of a search; answer the response."""
    facets.counts = Counts()

    def get(**fields):
        return client.get(f"/vitrine/met/facets?{urlencode(fields)}", headers=login)

    return get


def links(answer) -> dict[str, tuple[str, Search]]:
    """The links by their texts: how many pictures, and the search that each leads to."""
    found = re.findall(
        r'<a href="\?([^"]*)"><bdi dir="ltr">(.*?)</bdi> <span class="muted">(\d+)</span>', answer.text
    )
    return {
        unescape(text): (number, Search.read(parse_qsl(unescape(address)))) for address, text, number in found
    }


def test_folders_are_counted_and_lead_to_a_narrower_search(get):
    assert links(get(q="a car")) == {
        "drawings/": ("3", Search(words="a car", uri_prefix=f"gs://{BUCKET}/drawings/")),
        "photos/": ("2", Search(words="a car", uri_prefix=f"gs://{BUCKET}/photos/")),
    }


def test_a_folder_without_folders_says_so(get):
    assert "There are no folders in" in get(prefix=f"gs://{BUCKET}/photos/").text


def test_types_and_years_are_counted_where_they_differ(get, collection, emulator):
    table = collection.table("image_embeddings")
    one = f"WHERE uri = 'gs://{BUCKET}/photos/cat.jpg'"
    emulator.bigquery.query_and_wait(
        f"UPDATE {table} SET content_type = 'image/png', updated = TIMESTAMP '2019-05-06 00:00:00+00' {one}"
    )
    try:
        found = links(get())
        assert found["image/png"] == ("1", Search(kind="image/png"))
        assert found["2019"] == ("1", Search(year="2019"))
        assert found["image/jpeg"][0] == "4"
        for search in (Search(words="a panda", kind="image/png"), Search(words="a panda", year="2019")):
            assert [match.name for match in find(collection, search).pictures] == ["cat.jpg"]
        both = Search(like=f"gs://{BUCKET}/photos/panda.jpg", kind="image/jpeg", year="2019")
        assert find(collection, both).pictures == []
    finally:
        emulator.bigquery.query_and_wait(
            f"UPDATE {table} SET content_type = 'image/jpeg', updated = CURRENT_TIMESTAMP() {one}"
        )


def test_they_are_counted_once_in_a_few_minutes_by_one_job(get, emulator):
    before = {job.job_id for job in emulator.bigquery.list_jobs()}
    assert get().text == get().text
    get(q="other words")
    [job] = [job for job in emulator.bigquery.list_jobs() if job.job_id not in before]
    assert job.labels["vitrine"] == "count_facets"


def test_they_are_counted_anew_when_they_are_old(get, emulator, monkeypatch):
    monkeypatch.setattr(facets, "KEPT_SECONDS", 0.0)
    before = len(list(emulator.bigquery.list_jobs()))
    get()
    get()
    assert len(list(emulator.bigquery.list_jobs())) == before + 2


def test_only_so_many_are_kept(collection, monkeypatch):
    monkeypatch.setattr(facets, "MOST_KEPT", 1)
    monkeypatch.setattr(facets, "ask", lambda *_, **__: type("Answer", (), {"rows": []}))
    kept = Counts()
    for prefix in ("gs://a/", "gs://b/"):
        kept.below(collection, prefix)
    assert len(kept._kept) == 1


def test_the_root_is_the_bucket_where_there_is_one(collection):
    assert root(collection, "") == f"gs://{BUCKET}/"
    assert root(collection, "gs://x/y") == "gs://x/y"
    several = collection.model_copy(update={"objects": ("gs://a/*", "gs://b/*")})
    assert root(several, "") == "gs://"


def test_a_year_has_four_digits(get):
    assert get(year="19' OR '1").status_code == 400


def test_an_error_is_no_page(get, monkeypatch):
    monkeypatch.setenv("VITRINE_DATASET", "never_set_up")
    assert get().status_code == 404


def test_a_search_of_one_type_compares_every_picture(collection):
    found = find(collection, Search(words="a panda", kind="image/jpeg"))
    assert found.index_use.startswith("Every picture was compared.")
