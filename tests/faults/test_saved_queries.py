"""search_saved_queries as it runs after each night."""

from pathlib import Path

import pytest

from tests.support.collection import publish
from vitrine.collection import load

DEMO = Path(__file__).resolve().parents[2] / "demo/images"


@pytest.fixture
def saved(monkeypatch, fresh_world):
    """A world whose saved queries are two; the model is the real one."""
    monkeypatch.setenv("VITRINE_SAVED_QUERIES", "a red car, a fish")
    fresh_world.emulator.faults(hash_model=False)
    return fresh_world


def put(world, *names: str) -> None:
    """Upload demo pictures and embed all there are."""
    world.upload({name: (DEMO / name).read_bytes() for name in names})
    publish(world.emulator, load()["met"])


def search(world) -> str:
    """The gallery that a run writes."""
    before = set(world.gallery.glob("*.html"))
    assert world.run("search_saved_queries", top_k=2).state == "success"
    [page] = set(world.gallery.glob("*.html")) - before
    return page.read_text()


def test_one_gallery_shows_what_every_query_found_and_what_has_changed(saved):
    put(saved, "drawings/car-red.jpg", "photos/fish-01.jpg")
    calls = saved.emulator.last_call()
    first = search(saved)
    assert len(saved.emulator.ledger(calls)) == 2, "one call a query"
    assert first.index("<h2>a red car</h2>") < first.index("<h2>a fish</h2>")
    assert first.count("0 new, 0 gone") == 2

    put(saved, "drawings/car-red-sports.jpg")
    cars, fish = search(saved).split("<h2>a fish</h2>")
    assert "1 new, 1 gone since the time before" in cars
    assert "car-red-sports.jpg" in cars
    assert f"Gone: gs://{saved.bucket}/photos/fish-01.jpg" in cars
    assert f"gs://{saved.bucket}/photos/fish-01.jpg" in fish
