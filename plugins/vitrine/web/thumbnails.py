"""Small pictures, and only those that our tables name.

An address carries a signature that only this server can make, and it makes one only for a uri that it has
just read from a table of ours. So nobody reads another object of the bucket, and no picture costs a query.
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
from vitrine.search.gallery import jpeg_thumbnail
from vitrine.web.chosen import ChosenCollection

if TYPE_CHECKING:
    from google.cloud.storage import Client

router = APIRouter()

# Threads of our own: where storage is slow, the requests that wait for it must not take those that all others
# of Airflow's web server share, the heartbeats of running tasks among them.
THREADS = CapacityLimiter(8)
# One picture of gallery.MAX_PIXELS needs a third of a gigabyte while it is made small.
DECODERS = BoundedSemaphore(2)
GONE = "The picture is gone from the bucket, or too large to be shown."
HEADERS = {
    # The browser keeps it and asks after an hour whether it is still the same.
    "Cache-Control": "private, max-age=3600",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def signature(uri: str) -> str:
    """Proof that this server has read the uri from a table of ours."""
    key = conf.get_mandatory_value("api", "secret_key").encode()
    return hmac.new(key, f"vitrine thumbnail {uri}".encode(), sha256).hexdigest()


def thumbnail_address(uri: str) -> str:
    """Address of a picture below /vitrine/. Only for a uri that comes from a table of ours."""
    return "thumbnails?" + urlencode({"uri": uri, "signature": signature(uri)})


def is_listed(collection: Collection, uri: str) -> bool:
    """Whether the object table could list this uri."""
    return any(fnmatchcase(uri, pattern.replace("[", "[[]")) for pattern in collection.objects)


def browser_address(collection: Collection, uri: str) -> str:
    """Where a person who may read the bucket opens the whole picture."""
    return storage.browser_address(_client(collection.gcp_conn_id), uri)


@router.get("/thumbnails")
async def thumbnail(
    collection: ChosenCollection,
    uri: str,
    signature: str,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A JPEG of at most 320 x 320 pixels. 404 for what was not offered, is gone, too large or no picture."""
    return await run_sync(_thumbnail, collection, uri, signature, if_none_match, limiter=THREADS)


def _thumbnail(collection: Collection, uri: str, signature: str, if_none_match: str | None) -> Response:
    if not _is_signed(uri, signature) or not is_listed(collection, uri):
        raise HTTPException(404, "There is no such picture.")
    blob = storage.find_image(_client(collection.gcp_conn_id), uri)
    if blob is None:
        raise HTTPException(404, GONE)
    headers = HEADERS | {"ETag": f'"{blob.generation}"'}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    data = storage.download(blob)
    if data is None:
        raise HTTPException(404, GONE)
    with DECODERS:
        small = jpeg_thumbnail(data)
    if small is None:
        raise HTTPException(404, "The object is not a picture.")
    return Response(small, media_type="image/jpeg", headers=headers)


def _is_signed(uri: str, given: str) -> bool:
    return hmac.compare_digest(signature(uri).encode(), given.encode())


@cache
def _client(gcp_conn_id: str) -> Client:
    """One client for all requests."""
    return storage.client(gcp_conn_id)
