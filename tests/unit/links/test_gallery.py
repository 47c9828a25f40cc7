"""The link on the task."""

from types import SimpleNamespace

from vitrine.links.gallery import GalleryLink


def test_below_a_path_the_link_is_below_it_too(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://host.example/deployment/")
    link = GalleryLink().get_link(None, ti_key=SimpleNamespace(run_id="r"))
    assert link == "/deployment/vitrine/galleries/r.html"


def test_the_link_leads_to_the_page_of_the_run():
    key = SimpleNamespace(run_id="manual__2026-11-22T09:45:00+00:00")
    assert (
        GalleryLink().get_link(None, ti_key=key)
        == "/vitrine/galleries/manual__2026_11_22T09_45_00_00_00.html"
    )
