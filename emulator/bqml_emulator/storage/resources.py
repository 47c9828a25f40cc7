"""Rows as resources of the JSON API.

Source: https://docs.cloud.google.com/storage/docs/json_api/v1/objects and .../buckets (2026-11-26).
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bqml_emulator.storage.store import Bucket, Object, attributes_of

STORAGE_CLASS = "STANDARD"


def time_text(microseconds: int) -> str:
    """RFC 3339, as the service writes it."""
    time = datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def etag(*numbers: int) -> str:
    """Another text for every generation and metageneration."""
    return base64.b64encode("/".join(map(str, numbers)).encode()).decode()


def of_bucket(bucket: Bucket, base: str) -> dict[str, Any]:
    """storage#bucket."""
    return {"location": "US", "locationType": "multi-region", "storageClass": STORAGE_CLASS} | {
        **json.loads(bucket.attributes),
        "kind": "storage#bucket",
        "id": bucket.name,
        "name": bucket.name,
        "selfLink": f"{base}/storage/v1/b/{bucket.name}",
        "projectNumber": "0",
        "timeCreated": time_text(bucket.created),
        "updated": time_text(bucket.updated),
        "metageneration": str(bucket.metageneration),
        "etag": etag(bucket.metageneration),
    }


def of_object(found: Object, base: str) -> dict[str, Any]:
    """storage#object."""
    path = f"storage/v1/b/{found.bucket}/o/{quote(found.name, safe='')}"
    resource = {"storageClass": STORAGE_CLASS} | {
        **attributes_of(found),
        "kind": "storage#object",
        "id": f"{found.bucket}/{found.name}/{found.generation}",
        "selfLink": f"{base}/{path}",
        "mediaLink": f"{base}/download/{path}?generation={found.generation}&alt=media",
        "name": found.name,
        "bucket": found.bucket,
        "generation": str(found.generation),
        "metageneration": str(found.metageneration),
        "size": str(found.size),
        "crc32c": found.crc32c,
        "etag": etag(found.generation, found.metageneration),
        "timeCreated": time_text(found.generation),  # a generation is the time it was made
        "updated": time_text(found.updated),
        "timeStorageClassUpdated": time_text(found.generation),
    }
    optional = {"md5Hash": found.md5, "componentCount": found.components}
    optional["timeDeleted"] = time_text(found.ended) if found.ended else None
    return resource | {key: value for key, value in optional.items() if value is not None}
