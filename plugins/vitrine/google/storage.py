"""The one place that reads images from Cloud Storage."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

# Far above the model's own limit of 20 MB for an image; what is larger is not shown.
MAX_IMAGE_BYTES = 64 * 1024 * 1024
# How long the storage may be silent, and how long a request that does not get through is repeated.
RETRY_SECONDS = 5.0
# For people logged in to Google: https://docs.cloud.google.com/storage/docs/request-endpoints#cookieauth
API_ENDPOINT = "https://storage.googleapis.com"
BROWSER_ENDPOINT = "https://storage.cloud.google.com"


def client(gcp_conn_id: str) -> Client:
    """A client of an Airflow connection."""
    from airflow.providers.google.cloud.hooks.gcs import GCSHook

    return GCSHook(gcp_conn_id=gcp_conn_id).get_conn()


def find_image(storage: Client, uri: str) -> Blob | None:
    """The object at gs://bucket/name; None when it is gone or too large to be shown."""
    from google.api_core.exceptions import NotFound

    bucket, _, name = uri.removeprefix("gs://").partition("/")
    with suppress(NotFound):
        blob = storage.bucket(bucket).get_blob(name, **_patience())
        if blob is not None and blob.size <= MAX_IMAGE_BYTES:
            return blob
    return None


def download(blob: Blob) -> bytes | None:
    """Bytes of an object; None when it has gone since it was found."""
    from google.api_core.exceptions import NotFound

    with suppress(NotFound):
        return blob.download_as_bytes(**_patience())
    return None


def read_image(storage: Client, uri: str) -> bytes | None:
    """Bytes of the object at gs://bucket/name; None when it is gone or too large to be shown."""
    blob = find_image(storage, uri)
    return download(blob) if blob else None


def _patience() -> dict[str, Any]:
    """How long a request waits for each answer, and how long it is repeated."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    return {"timeout": RETRY_SECONDS, "retry": DEFAULT_RETRY.with_timeout(RETRY_SECONDS)}


def browser_address(storage: Client, uri: str) -> str:
    """Where a person who may read the bucket opens the object at gs://bucket/name."""
    endpoint = BROWSER_ENDPOINT if storage.api_endpoint == API_ENDPOINT else storage.api_endpoint
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    # A browser resolves the segments . and .. of a path: it would open another object, even another bucket's.
    is_path = {".", ".."}.isdisjoint(name.split("/"))
    return f"{endpoint}/{bucket}/{quote(name, safe='/' if is_path else '')}"
