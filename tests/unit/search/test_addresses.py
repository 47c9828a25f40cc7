"""The link on the task."""

from types import SimpleNamespace

import pytest

from tests.unit.fakes import collection_with
from vitrine.search.addresses import page_name
from vitrine.search.write_gallery import GalleryLink

OPERATOR = SimpleNamespace(collection=collection_with())


def test_below_a_path_the_link_is_below_it_too(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://host.example/deployment/")
    link = GalleryLink().get_link(OPERATOR, ti_key=SimpleNamespace(dag_id="d", run_id="r"))
    assert link.startswith("/deployment/vitrine/met/galleries/d-r-")


def test_the_link_leads_to_the_page_of_the_run():
    key = SimpleNamespace(dag_id="search_images", run_id="manual__2026-11-22T09:45:00+00:00")
    assert (
        GalleryLink().get_link(OPERATOR, ti_key=key)
        == "/vitrine/met/galleries/search_images-manual__2026_11_22T09_45_00_00_00-6e684312.html"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("search_images", "tuesday"), ("search_saved_queries", "tuesday")),
        (("search_images", "a+b"), ("search_images", "a_b")),
        (("search_images", "x" * 249 + "1"), ("search_images", "x" * 249 + "2")),
    ],
)
def test_no_two_runs_share_a_page(one, other):
    assert page_name(*one) != page_name(*other)


def test_the_longest_run_id_makes_a_name_that_a_file_may_have():
    assert len(page_name("search_saved_queries", "ü" * 250)) <= 255
