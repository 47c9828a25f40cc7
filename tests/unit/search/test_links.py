"""The link to the search page."""

from types import SimpleNamespace

import pytest

from vitrine.search.write_gallery import SearchPageLink


@pytest.mark.parametrize(
    ("base", "start"), [("http://localhost:8080", ""), ("https://host.example/deployment/", "/deployment")]
)
def test_the_page_opens_with_the_same_search(monkeypatch, collection, base, start):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base)
    search = {"q": "white & cream", "prefix": "", "n": "3", "exact": "1"}
    operator = SimpleNamespace(search=search, collection=collection)
    link = SearchPageLink().get_link(operator, ti_key=None)
    assert link == f"{start}/plugin/image-search/vitrine/met/?q=white+%26+cream&n=3&exact=1"
