"""The map of a collection as it lies in memory, and which pictures each of its tiles shows."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, Final, NamedTuple

from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery
from vitrine.web.ask import ask

# A tile shows so many pictures from left to right, and as many below each other.
ACROSS: Final = 4
# Seen from nearer than that, a tile shows 2 x 2 pictures, then one.
NEARER: Final = 2
# How long a process shows the map without asking whether it was drawn anew, and what is gone.
KEPT_SECONDS: Final = 600.0
# Maps in memory, each of at most 100,000 pictures: 20 MB.
MOST_KEPT: Final = 4


class Place(NamedTuple):
    """A picture on the map: what is shown is this generation of the object."""

    uri: str
    generation: int | None


class Atlas:
    """A map, from zoom 0, where one tile shows all of it, to zoom `last`, where a picture fills a tile.

    At zoom `finest` each picture has a square of its own. At each zoom before, four squares make one, which
    shows the picture that stands for them; a square whose picture is gone shows the next that does.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], searchable: int = 0) -> None:
        """
        :param rows: those of pages/select_map.sql, in its order: who is seen farthest comes last.
        :param searchable: pictures that searches find, be they on the map or not.
        """
        self.drawn_at: datetime | None = None
        self.places: list[Place] = []
        cells = []
        for row in rows:
            self.drawn_at = row["drawn_at"]
            self.places.append(Place(row["uri"], row["generation"]))
            cells.append((row["x"], row["y"]))
        self.others = max(0, searchable - len(self.places))
        self.side = 1 + max((max(cell) for cell in cells), default=0)
        self.finest = max(0, ((self.side - 1) // ACROSS).bit_length())
        self.last = self.finest + NEARER
        self._squares = [self._filled(cells, self.finest - zoom) for zoom in range(self.finest + 1)]

    @property
    def version(self) -> str:
        """Another for each drawing."""
        return f"{self.drawn_at.timestamp():.0f}" if self.drawn_at else ""

    def across(self, zoom: int) -> int:
        """Pictures from left to right of a tile."""
        return ACROSS >> max(0, zoom - self.finest)

    def tile(self, zoom: int, x: int, y: int) -> list[Place | None]:
        """The pictures of a tile, line by line; None where there is none."""
        across = self.across(zoom)
        return [
            self.at(zoom, across * x + column, across * y + line)
            for line in range(across)
            for column in range(across)
        ]

    def at(self, zoom: int, x: int, y: int) -> Place | None:
        """The picture in a square of the map at this zoom."""
        zoom = min(zoom, self.finest)
        width = self._width(self.finest - zoom)
        if not (0 <= x < width and 0 <= y < width):
            return None
        number = self._squares[zoom][width * y + x]
        return None if number < 0 else self.places[number]

    def _filled(self, cells: list[tuple[int, int]], level: int) -> array[int]:
        """The number of the picture in each square of 2**level cells, line by line; -1 for none."""
        width = self._width(level)
        squares = array("i", [-1]) * (width * width)
        for number, (x, y) in enumerate(cells):
            squares[width * (y >> level) + (x >> level)] = number
        return squares

    def _width(self, level: int) -> int:
        return 1 + ((self.side - 1) >> level)


class Atlases:
    """The maps that people look at, asked for once in ten minutes by each process.

    If nothing has changed meanwhile, BigQuery answers from its cache and bills nothing.
    https://docs.cloud.google.com/bigquery/docs/cached-results
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Atlas]] = {}
        self._lock = Lock()

    def of(self, collection: Collection) -> Atlas:
        """The map. One request for it at a time, whoever asks. Errors: see BigQuery.ask."""
        key = collection.table_id("image_map")
        with self._lock:
            until, atlas = self._kept.get(key, (0.0, None))
            if atlas is None or until <= time.monotonic():
                atlas = _ask(collection)
                self._kept.pop(key, None)
                self._kept[key] = time.monotonic() + KEPT_SECONDS, atlas
                if len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
            return atlas

    def forget(self) -> None:
        """Ask again at once."""
        self._kept.clear()


atlases = Atlases()


def _ask(collection: Collection) -> Atlas:
    rows = ask(collection, "pages/select_map.sql").rows
    table = collection.table_id("image_embeddings")
    return Atlas(rows, BigQuery.of(collection).table_size(table, someone_waits=True).rows)
