"""Thumbnails and enlargements of images in our tables, and of nothing else.

Each URL is signed by this server, which signs only URIs that it has just read from one of our tables. So
nobody can read other objects of the bucket, and no picture costs a query.
"""

from __future__ import annotations

import hmac
from fnmatch import fnmatchcase
from functools import cache
from hashlib import sha256
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from airflow.configuration import conf
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, HTTPException
from fastapi.responses import Response

from vitrine.collection import Collection
from vitrine.google import storage
from vitrine.search.gallery import THUMBNAIL_PIXELS, rendition
from vitrine.web.chosen import ChosenCollection

if TYPE_CHECKING:
    from google.cloud.storage import Client

router = APIRouter()

# Fills most screens; the whole picture needs rights in the bucket.
ENLARGED_PIXELS = 1_600

# A thread pool of our own: while storage is slow, waiting requests must not occupy the threads that the rest
# of Airflow's web server shares, which also serve the heartbeats of running tasks.
THREADS = CapacityLimiter(8)
# Scaling down a picture of gallery.MAX_PIXELS takes a third of a gigabyte.
DECODERS = BoundedSemaphore(2)
GONE = "The picture is gone from the bucket, or too large to show."
HEADERS = {
    # The browser keeps it, and revalidates it after an hour.
    "Cache-Control": "private, max-age=3600",
    # The style is the browser's own, of a picture that is opened alone.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def signature(uri: str) -> str:
    """Proof that this server has read the URI from one of our tables."""
    key = conf.get_mandatory_value("api", "secret_key").encode()
    return hmac.new(key, f"vitrine thumbnail {uri}".encode(), sha256).hexdigest()


def thumbnail_address(uri: str) -> str:
    """Relative URL of a thumbnail. Only for URIs that come from one of our tables."""
    return "thumbnails?" + _signed(uri)


def enlarged_address(uri: str) -> str:
    """Relative URL of an enlargement. Only for URIs that come from one of our tables."""
    return "enlarged?" + _signed(uri)


def _signed(uri: str) -> str:
    return urlencode({"uri": uri, "signature": signature(uri)})


def is_listed(collection: Collection, uri: str) -> bool:
    """Whether the object table could list this URI."""
    return any(fnmatchcase(uri, pattern.replace("[", "[[]")) for pattern in collection.objects)


def browser_address(collection: Collection, uri: str) -> str:
    """URL at which people with access to the bucket can open the full picture."""
    return storage.browser_address(client_of(collection), uri, collection.browser_storage)


@router.get("/thumbnails")
async def thumbnail(
    collection: ChosenCollection,
    uri: str,
    signature: str,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A JPEG of at most 320 x 320 pixels. 404 if it is unsigned, gone, too large or not a picture."""
    asked = (collection, uri, signature, if_none_match, THUMBNAIL_PIXELS)
    return await run_sync(_answer, *asked, limiter=THREADS)


@router.get("/enlarged")
async def enlarged(
    collection: ChosenCollection,
    uri: str,
    signature: str,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A JPEG of at most 1,600 x 1,600 pixels; headers describe the object. 404 as for thumbnails."""
    asked = (collection, uri, signature, if_none_match, ENLARGED_PIXELS)
    return await run_sync(_answer, *asked, limiter=THREADS)


def _answer(
    collection: Collection, uri: str, signature: str, if_none_match: str | None, pixels: int
) -> Response:
    if not _is_signed(uri, signature) or not is_listed(collection, uri):
        raise HTTPException(404, "There is no such picture.")
    blob = storage.find_image(client_of(collection), uri)
    if blob is None:
        raise HTTPException(404, GONE)
    headers = HEADERS | {
        "ETag": f'"{blob.generation}"',
        "Vitrine-Bytes": str(blob.size),
        "Vitrine-Updated": blob.updated.isoformat(),
    }
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    data = storage.download(blob)
    if data is None:
        raise HTTPException(404, GONE)
    with DECODERS:
        made = rendition(data, pixels)
    if made is None:
        raise HTTPException(404, "The object is not a picture.")
    headers["Vitrine-Pixels"] = f"{made.width} {made.height}"
    return Response(made.jpeg, media_type="image/jpeg", headers=headers)


def _is_signed(uri: str, given: str) -> bool:
    return hmac.compare_digest(signature(uri).encode(), given.encode())


def client_of(collection: Collection) -> Client:
    """The client of a collection's connection, shared by all requests."""
    return _client(collection.gcp_conn_id)


@cache
def _client(gcp_conn_id: str) -> Client:
    return storage.client(gcp_conn_id)
