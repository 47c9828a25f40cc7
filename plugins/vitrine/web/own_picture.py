"""A search with a person's own picture: embedded by the collection's model, and nothing of it stays.

The model reads only objects, so the picture is one for the seconds of a call, in `uploads`: a bucket of no
collection, so that no run ever takes it for an image of one. It is deleted whatever happens; what a killed
process has left is found by the next search, and once an hour by whoever opens the page.
The vector goes to the browser, which sends it along when the search is changed. The server keeps it only in
memory, among the words it knows, so that the same picture is not paid for twice.
"""

from __future__ import annotations

import base64
import logging
import time
import uuid
from array import array
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import FormData, UploadFile

from vitrine import limits
from vitrine.collection import Collection
from vitrine.errors import InputError, RefusedError
from vitrine.google import storage
from vitrine.google.jobs import string
from vitrine.search.gallery import FORMATS, MAX_PIXELS, rendition
from vitrine.web.ask import ask
from vitrine.web.pages import EXPECTED
from vitrine.web.strangers import page_of_another_origin
from vitrine.web.terms import known_words
from vitrine.web.thumbnails import DECODERS, client_of

if TYPE_CHECKING:
    from google.cloud.storage import Client

log = logging.getLogger(__name__)

# What is sent to the model, which scales pictures to 512 x 512 itself; without what the camera has noted.
SENT_PIXELS: Final = 1024
PREVIEW_PIXELS: Final = 160
MOST_PREVIEW_CHARACTERS: Final = 40_000
# Besides the picture, a form has texts, its vector (up to 33 kB) and its preview.
MOST_BYTES: Final = limits.MAX_IMAGE_BYTES + 256 * 1024
MOST_MEBIBYTES: Final = limits.MAX_IMAGE_BYTES >> 20
MOST_FIELDS: Final = 40
# A search takes seconds; what is older is left over.
LEFT_OVER_SECONDS: Final = 600.0
SWEEP_SECONDS: Final = 3600.0
PREFIX: Final = "vitrine-search-"


class OwnPicture(NamedTuple):
    """A picture as the browser keeps it: its vector, and a small JPEG; both in base64."""

    vector: str
    preview: str
    model_calls: int = 0  # that were made for it now

    def numbers(self, collection: Collection) -> array[float]:
        """The vector. Errors: InputError if it is not one of the collection's model."""
        try:
            vector = array("d", base64.b64decode(self.vector, validate=True))
        except ValueError:
            vector = array("d")
        # NaN and infinity have no sum of squares; nor have zeros a direction.
        length = sum(number * number for number in vector)
        if len(vector) != collection.model.dimension or not 1e-12 < length < 1e12:
            raise InputError("The picture was read by another model, or not at all: choose it once more.")
        return vector


async def posted_form(request: Request) -> FormData:
    """The form of a request. Errors: HTTPException if a page of another origin sends it, InputError."""
    if reason := page_of_another_origin(request.headers):
        raise HTTPException(403, f"Forbidden: {reason}.")
    size = request.headers.get("content-length", "")
    if not size.isdecimal() or int(size) > MOST_BYTES:
        raise InputError(f"The picture has more than {MOST_MEBIBYTES} MiB: make it smaller.")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InputError("This is not a form with a picture (multipart/form-data).")
    return await request.form(max_files=1, max_fields=MOST_FIELDS)


PostedForm = Annotated[FormData, Depends(posted_form)]


def read(collection: Collection, form: FormData) -> OwnPicture:
    """The picture in a form: a new one is embedded, which charges one image; a known one is taken as it is.

    Errors: InputError, RefusedError, and those of BigQuery and Cloud Storage.
    """
    if not collection.uploads:
        raise InputError("To search with pictures of one's own, set `uploads` (docs/settings.md).")
    given = form.get("picture")
    if isinstance(given, UploadFile) and given.size:
        return _embedded(collection, given.file.read())
    preview = str(form.get("preview", ""))
    if len(preview) > MOST_PREVIEW_CHARACTERS or not preview.isascii():
        preview = ""
    return OwnPicture(str(form.get("vector", "")), preview)


def _embedded(collection: Collection, data: bytes) -> OwnPicture:
    with DECODERS:
        sent, preview = rendition(data, SENT_PIXELS), rendition(data, PREVIEW_PIXELS)
    if not (sent and preview):
        raise InputError(
            f"This is not a picture of {', '.join(FORMATS)} with at most {MAX_PIXELS // 10**6} megapixels."
        )
    name = f"picture {sha256(sent.jpeg).hexdigest()}"
    known = known_words.get(collection.model.id, name)
    vector = known or array("d", _vector(collection, sent.jpeg))
    known_words.add(collection.model.id, name, vector)
    return OwnPicture(
        base64.b64encode(vector).decode(), base64.b64encode(preview.jpeg).decode(), 0 if known else 1
    )


def _vector(collection: Collection, data: bytes) -> list[float]:
    client, uri = client_of(collection), f"{collection.uploads}{PREFIX}{uuid.uuid4().hex}.jpg"
    if missing := storage.missing_permissions(client, uri, storage.FOR_UPLOADS):
        raise InputError(
            f"The account of the connection {collection.gcp_conn_id} lacks {', '.join(missing)} on "
            f"{collection.uploads}: ask your administrator. Nothing was sent to the model."
        )
    sweep(collection, client)
    try:
        storage.upload(client, uri, data, "image/jpeg")
        place = string("uri", uri), string("connection", collection.connection_name)
        [row] = ask(collection, "pages/embed_picture.sql", *place).rows
    finally:
        _delete(client, uri)
    if row["status"]:
        raise RefusedError(
            f"The picture was not embedded: {row['status']} If a permission is missing: the account of the "
            f"BigQuery connection {collection.connection_name} must be able to read {collection.uploads}, "
            "and Airflow's needs bigquery.objectRefs.read on that connection."
        )
    vector: list[float] = row["vector"]
    return vector


def _delete(client: Client, uri: str) -> None:
    """Delete the object, or leave it to the sweeper: the vector has been paid for."""
    try:
        storage.delete(client, uri)
    except EXPECTED as error:
        log.warning("%s is left over, and deleted later: %s", uri, error)


def sweep(collection: Collection, client: Client) -> None:
    """Delete what killed processes have left."""
    number = storage.delete_older(client, collection.uploads + PREFIX, LEFT_OVER_SECONDS)
    if number:
        log.warning("Deleted %s pictures that searches had left in %s", number, collection.uploads)


class Sweeper:
    """Sweeps the uploads of each collection at most once an hour."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}
        self._lock = Lock()

    def look(self, collection: Collection) -> None:
        """Sweep if it is time. Errors: none, they are logged."""
        now = time.monotonic()
        with self._lock:
            if not collection.uploads or self._next.get(collection.uploads, 0.0) > now:
                return
            self._next[collection.uploads] = now + SWEEP_SECONDS
        try:
            sweep(collection, client_of(collection))
        except EXPECTED as error:
            log.warning("%s could not be swept: %s", collection.uploads, error)


sweeper = Sweeper()
