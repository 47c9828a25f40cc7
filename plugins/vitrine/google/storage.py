"""The only module that reads images from Cloud Storage."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

# Larger images are not shown. The model's own limit is 20 MB.
MAX_IMAGE_BYTES = 64 * 1024 * 1024
# Timeout of a request, and how long a failing request is retried.
RETRY_SECONDS = 5.0
# For browsers that are logged in to Google: https://docs.cloud.google.com/storage/docs/request-endpoints#cookieauth
API_ENDPOINT = "https://storage.googleapis.com"
BROWSER_ENDPOINT = "https://storage.cloud.google.com"


def client(gcp_conn_id: str) -> Client:
    """A client for an Airflow connection."""
    from airflow.providers.google.cloud.hooks.gcs import GCSHook

    return GCSHook(gcp_conn_id=gcp_conn_id).get_conn()


def find_image(storage: Client, uri: str) -> Blob | None:
    """The object at gs://bucket/name; None if it is gone or too large to show."""
    from google.api_core.exceptions import NotFound

    bucket, _, name = uri.removeprefix("gs://").partition("/")
    with suppress(NotFound):
        blob = storage.bucket(bucket).get_blob(name, **_patience())
        if blob is not None and blob.size <= MAX_IMAGE_BYTES:
            return blob
    return None


def download(blob: Blob) -> bytes | None:
    """Content of an object; None if it has gone since it was found."""
    from google.api_core.exceptions import NotFound

    with suppress(NotFound):
        data: bytes = blob.download_as_bytes(**_patience())
        return data
    return None


def read_image(storage: Client, uri: str) -> bytes | None:
    """Content of the object at gs://bucket/name; None if it is gone or too large to show."""
    blob = find_image(storage, uri)
    return download(blob) if blob else None


def _patience() -> dict[str, Any]:
    """Timeout and retry arguments of every request."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    return {"timeout": RETRY_SECONDS, "retry": DEFAULT_RETRY.with_timeout(RETRY_SECONDS)}


def browser_address(storage: Client, uri: str, endpoint: str = "") -> str:
    """URL at which people with access to the bucket can open the object at gs://bucket/name.

    :param endpoint: where browsers reach the storage, if not where `storage` does.
    """
    if not endpoint:
        endpoint = BROWSER_ENDPOINT if storage.api_endpoint == API_ENDPOINT else storage.api_endpoint
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    # Browsers resolve . and .. in a path, and would open another object, even in another bucket.
    is_path = {".", ".."}.isdisjoint(name.split("/"))
    return f"{endpoint}/{bucket}/{quote(name, safe='/' if is_path else '')}"
