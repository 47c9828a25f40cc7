"""Draws the map of a collection."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from airflow.sdk import BaseOperator

from vitrine.collection import Collection
from vitrine.errors import MissingPackageError
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import int64, query_job

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from airflow.sdk import Context
    from numpy.typing import NDArray

# Of more, a sample is drawn: a map has a picture in each cell, and nobody looks at a million.
MOST_PICTURES: Final = 100_000


class Look(NamedTuple):
    """The pictures in an order by chance: uri and content, and a row of `directions` for each."""

    pictures: list[tuple[str, str]]
    directions: NDArray[np.uint8]


class DrawMapOperator(BaseOperator):
    """Give each picture a place near those that are like it, and put the new map in place of the old one.

    One query, and one load job, which replaces all rows at once. Returns the number of pictures on the map.
    """

    template_fields = ("configuration",)
    template_ext = (".sql",)
    template_fields_renderers = dict.fromkeys(template_fields, "json")

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection
        self.configuration = query_job("layout/select_directions.sql", int64("most_images", MOST_PICTURES))

    def execute(self, context: Context) -> int:
        """Read, lay out, write. Errors: MissingPackageError before anything is read."""
        try:
            import sklearn  # noqa: F401  # before BigQuery bills anything
        except ImportError as error:
            raise MissingPackageError(
                f"The map needs a package that the worker does not have ({error}): install "
                "airflow-vitrine[map] there."
            ) from error
        bigquery = BigQuery.of(self.collection, context["ti"])
        look = read(bigquery.each_row(self.configuration))
        if not look.pictures:
            self.log.info("No picture is searchable, so there is no map to draw.")
            return 0
        rows = draw(look, datetime.now(UTC))
        bigquery.replace_rows(self.collection.table_id("image_map"), rows)
        self.log.info("%s pictures have a place on the map.", f"{len(rows):,}")
        return len(rows)


def read(rows: Iterable[Mapping[str, Any]]) -> Look:
    """Keep the rows of layout/select_directions.sql, in the order of `position`."""
    import numpy as np

    pictures, positions, directions = [], [], bytearray()
    for row in rows:
        pictures.append((row["uri"], row["content_hash"]))
        positions.append(row["position"])
        directions += row["direction"]
    table = np.frombuffer(directions, np.uint8).reshape(len(pictures), -1 if pictures else 0)
    order = np.argsort(np.array(positions, np.int64), kind="stable")
    return Look([pictures[number] for number in order], table[order])


def draw(look: Look, drawn_at: datetime) -> list[dict[str, Any]]:
    """The rows of image_map."""
    from vitrine.layout import grid, places

    side = math.isqrt(len(look.pictures) - 1) + 1
    features = places.features(look.directions)
    cells = grid.cells(places.places(features), side)
    levels = grid.levels(cells, features, side)
    return [
        {
            "uri": uri,
            "content_hash": content_hash,
            "x": x,
            "y": y,
            "level": level,
            "drawn_at": drawn_at.isoformat(),
        }
        for (uri, content_hash), (x, y), level in zip(
            look.pictures, cells.tolist(), levels.tolist(), strict=True
        )
    ]
