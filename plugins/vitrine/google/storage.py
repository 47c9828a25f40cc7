"""The only module that reads images from Cloud Storage, and puts pictures there for the time of a search."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vitrine.collection import bucket_of

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

# Larger images are not shown. The model's own limit is 20 MB.
MAX_IMAGE_BYTES = 64 * 1024 * 1024
# Timeout of a request, and how long a failing request is retried.
RETRY_SECONDS = 5.0
# For browsers that are logged in to Google: https://docs.cloud.google.com/storage/docs/request-endpoints#cookieauth
API_ENDPOINT = "https://storage.googleapis.com"
BROWSER_ENDPOINT = "https://storage.cloud.google.com"
# What takes to put a picture there for the time of a search, and to delete what is left over.
FOR_UPLOADS = ("storage.objects.create", "storage.objects.delete", "storage.objects.list")


def client(gcp_conn_id: str) -> Client:
    """A client for an Airflow connection."""
    from airflow.providers.google.cloud.hooks.gcs import GCSHook

    return GCSHook(gcp_conn_id=gcp_conn_id).get_conn()


def find_image(storage: Client, uri: str) -> Blob | None:
    """The object at gs://bucket/name; None if it is gone or too large to show."""
    from google.api_core.exceptions import NotFound

    bucket, name = _parts(uri)
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


def read_generation(storage: Client, uri: str, generation: int | None) -> bytes | None:
    """Content of one generation of the object at gs://bucket/name, in one request; None if it is gone.

    Of an object that is too large to show it is the beginning, which no decoder takes for a picture.
    """
    from google.api_core.exceptions import NotFound

    bucket, name = _parts(uri)
    blob = storage.bucket(bucket).blob(name, generation=generation)
    with suppress(NotFound):
        data: bytes = blob.download_as_bytes(end=MAX_IMAGE_BYTES, **_patience())
        return data
    return None


def missing_permissions(storage: Client, uri: str, permissions: Iterable[str]) -> list[str]:
    """Those of the permissions that the client lacks on the bucket of gs://bucket/name, if there is one.

    Free of charge.
    """
    from google.api_core.exceptions import NotFound

    wanted, granted = list(permissions), []
    with suppress(NotFound):
        granted = storage.bucket(bucket_of(uri)).test_iam_permissions(wanted, **_patience())
    return [name for name in wanted if name not in granted]


def upload(storage: Client, uri: str, data: bytes, content_type: str) -> None:
    """Write a new object. Errors: PreconditionFailed if it is there already."""
    blob = _blob(storage, uri)
    blob.upload_from_string(data, content_type, if_generation_match=0, **_patience())


def delete(storage: Client, uri: str) -> None:
    """Delete an object, if it is there."""
    from google.api_core.exceptions import NotFound

    with suppress(NotFound):
        _blob(storage, uri).delete(**_patience())


def delete_older(storage: Client, prefix: str, seconds: float) -> int:
    """Delete the objects below gs://bucket/prefix that are older; how many those were."""
    bucket, name = _parts(prefix)
    limit = datetime.now(UTC) - timedelta(seconds=seconds)
    old = [
        f"gs://{bucket}/{blob.name}"
        for blob in storage.list_blobs(bucket, prefix=name, **_patience())
        if blob.time_created < limit
    ]
    for uri in old:
        delete(storage, uri)
    return len(old)


def _parts(uri: str) -> tuple[str, str]:
    """Bucket and name, or prefix, of gs://bucket/name."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name


def _blob(storage: Client, uri: str) -> Blob:
    bucket, name = _parts(uri)
    return storage.bucket(bucket).blob(name)


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
    bucket, name = _parts(uri)
    # Browsers resolve . and .. in a path, and would open another object, even in another bucket.
    is_path = {".", ".."}.isdisjoint(name.split("/"))
    return f"{endpoint}/{bucket}/{quote(name, safe='/' if is_path else '')}"
