"""The page Map: all pictures of a collection side by side, as tiles made when somebody looks at them."""

from __future__ import annotations

import io
from asyncio import gather
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from math import isqrt
from typing import Annotated, Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import HTMLResponse, Response
from google.api_core.exceptions import NotFound
from PIL import Image

from vitrine.collection import Collection
from vitrine.google import storage
from vitrine.schedule import longest_gap
from vitrine.search.gallery import square
from vitrine.web.atlas import Atlas, Place, atlases
from vitrine.web.chosen import ChosenCollection
from vitrine.web.pages import EXPECTED, explain, page
from vitrine.web.thumbnails import DECODERS, HEADERS, browser_address, client_of, is_listed

router = APIRouter()

MAP_DAG: Final = "map_collection"
# Schedules that pass before the page says that the map is old.
MISSED: Final = 2
TILE_PIXELS: Final = 256
# Between two pictures of a tile, of 64 pixels.
GAP: Final = 64
# Threads that read pictures for tiles. Each waits for storage most of the time; they are not those of
# thumbnails, so that somebody who flies over the map makes no search wait.
THREADS: Final = CapacityLimiter(16)
# Threads that wait for BigQuery: the first look at a map of 100,000 pictures takes seconds.
QUESTIONS: Final = CapacityLimiter(8)
# Of tiles in memory: a thousand screens full.
MOST_KEPT_BYTES: Final = 64 * 2**20
DRAWN_ANEW: Final = "The map was drawn anew since this page was opened: reload the page."


class KeptTiles:
    """The tiles that were asked for last."""

    def __init__(self, most: int = MOST_KEPT_BYTES) -> None:
        self._tiles: OrderedDict[str, bytes] = OrderedDict()
        self._most, self._bytes = most, 0

    def get(self, key: str) -> bytes | None:
        """The tile, which is then the last that goes; None if it is not here."""
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
        return tile

    def keep(self, key: str, tile: bytes) -> None:
        """Keep a tile, and let go of others while there are too many bytes."""
        self._bytes += len(tile) - len(self._tiles.pop(key, b""))
        self._tiles[key] = tile
        while self._bytes > self._most:
            self._bytes -= len(self._tiles.popitem(last=False)[1])


kept_tiles = KeptTiles()


@router.get("/map")
def map_page(collection: ChosenCollection) -> HTMLResponse:
    """The frame of the page, without a job; `drawn_part` comes into it."""
    return page("map.html", collection=collection)


@router.get("/map/drawn")
def drawn_part(collection: ChosenCollection) -> HTMLResponse:
    """The map, or why there is none: loaded after the rest because the first look takes a BigQuery job."""
    show = partial(page, "map_drawn.html", collection=collection, dag=collection.dag_id(MAP_DAG))
    try:
        atlas = atlases.of(collection)
    except EXPECTED as error:
        # A collection that an earlier version has set up gets the table from the first run of the DAG.
        if isinstance(error, NotFound) and collection.table_name("image_map") in str(error):
            return show(atlas=None)
        return show(problem=explain(error))
    return show(atlas=atlas, is_old=_is_old(collection, atlas))


def _is_old(collection: Collection, atlas: Atlas) -> bool:
    expected = MISSED * longest_gap(collection.maintenance_schedule)
    return atlas.drawn_at is not None and datetime.now(UTC) - atlas.drawn_at > expected


@router.get("/map/picture")
def picture_part(collection: ChosenCollection, version: str, zoom: int, x: int, y: int) -> HTMLResponse:
    """The picture in a square of the map, to be enlarged. 404 if there is none, or if the map has changed."""
    place = _current(atlases.of(collection), version, zoom).at(zoom, x, y)
    if place is None:
        raise HTTPException(404, "There is no picture here.")
    whole = browser_address(collection, place.uri)
    return page("map_picture.html", collection=collection, uri=place.uri, whole=whole)


@router.get("/map/tile")
async def tile(
    collection: ChosenCollection,
    version: str,
    zoom: int,
    x: int,
    y: int,
    ratio: Annotated[int, Query(ge=1, le=2)] = 1,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A WebP of 256 x 256 pixels, twice as many with `ratio` 2. 404 if the map has changed.

    A picture that is gone leaves its square empty.
    """
    atlas = _current(await run_sync(atlases.of, collection, limiter=QUESTIONS), version, zoom)
    places, pixels = atlas.tile(zoom, x, y), TILE_PIXELS * ratio
    key = sha256(f"{collection.table_id('image_map')} {pixels} {places}".encode()).hexdigest()
    headers = HEADERS | {"ETag": f'"{key}"'}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    made = kept_tiles.get(key)
    if made is None:
        size = pixels // isqrt(len(places))
        squares = await gather(
            *(
                run_sync(_square, collection, place, size - size // GAP * 2, limiter=THREADS)
                for place in places
            )
        )
        made = await run_sync(_composed, squares, pixels, limiter=THREADS)
        kept_tiles.keep(key, made)
    return Response(made, media_type="image/webp", headers=headers)


def _current(atlas: Atlas, version: str, zoom: int) -> Atlas:
    if version != atlas.version or not 0 <= zoom <= atlas.last:
        raise HTTPException(404, DRAWN_ANEW)
    return atlas


def _square(collection: Collection, place: Place | None, pixels: int) -> Image.Image | None:
    """The picture, cut to a square; None if there is none, or it is gone."""
    if place is None or not is_listed(collection, place.uri):
        return None
    data = storage.read_generation(client_of(collection), place.uri, place.generation)
    if data is None:
        return None
    with DECODERS:
        return square(data, pixels)


def _composed(squares: Sequence[Image.Image | None], pixels: int) -> bytes:
    """The tile; where there is no picture it is transparent, whatever colour the page has."""
    made, across = Image.new("RGBA", (pixels, pixels)), isqrt(len(squares))
    size = pixels // across
    for number, picture in enumerate(squares):
        if picture is not None:
            line, column = divmod(number, across)
            gap = (size - picture.width) // 2
            made.paste(picture, (column * size + gap, line * size + gap))
    buffer = io.BytesIO()
    made.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()
