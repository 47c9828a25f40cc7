"""The map in memory: what each tile shows, and when BigQuery is asked."""

from datetime import UTC, datetime

import pytest

from tests.unit.fakes import collection_with
from vitrine.google.bigquery import Answer, BigQuery, TableSize
from vitrine.web import atlas as module
from vitrine.web.atlas import MOST_KEPT, Atlas, Atlases

DRAWN_AT = datetime(2026, 11, 22, 13, tzinfo=UTC)


def row(uri: str, x: int, y: int) -> dict:
    """A row of pages/select_map.sql."""
    return {"uri": uri, "generation": 1, "x": x, "y": y, "drawn_at": DRAWN_AT}


def uris(places) -> list[str | None]:
    """What is shown, line by line."""
    return [place and place.uri for place in places]


@pytest.fixture
def five_by_five() -> Atlas:
    """25 pictures named by line and column; the one in the middle is seen from farthest."""
    cells = [(x, y) for y in range(5) for x in range(5)]
    cells.sort(key=lambda cell: cell == (2, 2))
    return Atlas(row(f"{y}{x}", x, y) for x, y in cells)


def test_from_afar_one_tile_shows_all_and_from_near_each_picture_fills_one(five_by_five):
    assert (five_by_five.side, five_by_five.finest, five_by_five.last) == (5, 1, 3)
    assert len(five_by_five.tile(0, 0, 0)) == 16
    assert uris(five_by_five.tile(1, 0, 0))[:5] == ["00", "01", "02", "03", "10"]
    assert uris(five_by_five.tile(1, 1, 1)) == ["44", *[None] * 15]
    assert uris(five_by_five.tile(2, 1, 0)) == ["02", "03", "12", "13"]
    assert uris(five_by_five.tile(3, 4, 3)) == ["34"]


def test_a_square_shows_the_picture_that_is_seen_from_farthest(five_by_five):
    assert uris(five_by_five.tile(0, 0, 0))[5] == "22"
    assert five_by_five.at(0, 1, 1).uri == "22"


def test_a_square_whose_picture_is_gone_shows_another():
    atlas = Atlas(row(f"{y}{x}", x, y) for y in range(5) for x in range(5) if (x, y) != (2, 2))
    assert atlas.at(0, 1, 1).uri == "33", "the next in order"
    assert atlas.at(1, 2, 2) is None


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (3, 0), (0, 3), (10**9, 0)])
def test_beyond_the_edge_there_is_nothing(five_by_five, x, y):
    assert five_by_five.at(0, x, y) is None


@pytest.mark.parametrize(("side", "finest"), [(1, 0), (4, 0), (5, 1), (8, 1), (9, 2), (317, 7)])
def test_as_many_zooms_as_it_takes(side, finest):
    assert Atlas([row("a", side - 1, 0)]).finest == finest


def test_an_empty_map_is_no_error():
    atlas = Atlas([])
    assert (atlas.places, atlas.version, uris(atlas.tile(0, 0, 0))) == ([], "", [None] * 16)


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The collections whose map BigQuery was asked for."""
    names: list[str] = []

    def ask(collection, sql):
        names.append(f"{collection.dataset} {sql}")
        return Answer([row("a", 0, 0)], {})

    monkeypatch.setattr(module, "ask", ask)
    monkeypatch.setattr(BigQuery, "table_size", lambda *_, **__: TableSize(rows=3, bytes=0))
    return names


def test_a_process_asks_once_in_ten_minutes(asked, monkeypatch):
    clock = [1_000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    maps, collection = Atlases(), collection_with()
    assert maps.of(collection) is maps.of(collection)
    assert maps.of(collection).others == 2
    assert asked == ["bqml_tutorial pages/select_map.sql"]
    clock[0] += module.KEPT_SECONDS
    maps.of(collection)
    assert len(asked) == 2


def test_the_map_that_was_asked_for_first_goes_first(asked):
    maps = Atlases()
    for number in range(MOST_KEPT + 1):
        maps.of(collection_with(dataset=f"d{number}"))
    before = len(asked)
    maps.of(collection_with(dataset=f"d{MOST_KEPT}"))
    assert len(asked) == before
    maps.of(collection_with(dataset="d0"))
    assert len(asked) == before + 1
