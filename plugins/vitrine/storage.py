"""The one place that reads images from Cloud Storage."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud.storage import Client

# Far above the model's own limit of 20 MB for an image; what is larger is not shown.
MAX_IMAGE_BYTES = 64 * 1024 * 1024


def client(gcp_conn_id: str) -> Client:
    """A client of an Airflow connection."""
    from airflow.providers.google.cloud.hooks.gcs import GCSHook

    return GCSHook(gcp_conn_id=gcp_conn_id).get_conn()


def read_image(storage: Client, uri: str) -> bytes | None:
    """Bytes of the object at gs://bucket/name; None when it is gone or too large to be shown."""
    from google.api_core.exceptions import NotFound

    bucket, _, name = uri.removeprefix("gs://").partition("/")
    with suppress(NotFound):
        blob = storage.bucket(bucket).get_blob(name)
        if blob is not None and blob.size <= MAX_IMAGE_BYTES:
            return blob.download_as_bytes()
    return None
