"""The pages over a collection large enough for a vector index."""

from html import unescape
from urllib.parse import urlencode

import pytest

from tests.support.vectors import DIMENSION, ROWS, clustered, create_index, create_tables, publish, uri
from vitrine.collection import load


@pytest.fixture(scope="module")
def indexed(emulator):
    """Ten thousand vectors with a filled index; a search for words needs a model, one for likeness none."""
    before = emulator.faults()
    emulator.faults(index_build_seconds=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_DATASET", "web_index")
        patch.setenv("VITRINE_DIMENSION", str(DIMENSION))
        create_tables(emulator)
        publish(emulator, clustered(seed=1))
        create_index(emulator)
        yield load()["met"]
    emulator.faults(**before)


@pytest.fixture
def get(client, indexed, login):
    """Ask for a page; answer its text."""

    def get(path="", **fields):
        answer = client.get(
            f"/vitrine/met/{path}?{urlencode(fields)}", headers=login | {"Accept": "text/html"}
        )
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    return get


def test_a_search_uses_the_index_and_says_so(get):
    assert "The vector index was used." in get(like=uri(7), n=5)


def test_an_exact_search_does_not(get):
    assert "use_brute_force option has been specified" in get(like=uri(7), n=5, exact=1)


def test_a_prefix_is_applied_before_the_index_is_searched(get):
    text = get(like=uri(7), n=24, prefix="gs://vectors/even/")
    assert "The vector index was used." in text
    assert text.count('title="gs://vectors/even/') == 24


def test_more_lists_of_the_index_are_read_where_a_deployment_says_so(get, indexed, monkeypatch, emulator):
    monkeypatch.setenv("VITRINE_FRACTION_LISTS_TO_SEARCH", "0.5")
    get(like=uri(7), n=5)
    newest = next(iter(emulator.bigquery.list_jobs(max_results=1)))
    assert """options => '{"fraction_lists_to_search": 0.5}'""" in newest.query


def test_the_health_page_says_how_far_the_index_is(get, indexed):
    text = get("health")
    assert f"{ROWS:,}" in text
    assert "Ready: 100 % of the rows are indexed." in text
