"""Cloud Storage as BigQuery's service accounts see it: list objects, read one object's bytes."""

import functools
import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

import urllib3
from local_bigquery.errors import BigQueryError
from local_bigquery.settings import settings

PAGE_SIZE = 1_000_000  # objects; fake-gcs-server walks the whole bucket for every page, so pages are few
CONNECTIONS = 64  # kept alive; more than the threads that read images
TIMEOUT = urllib3.Timeout(connect=5.0, read=60.0)  # seconds
# Before the first byte of a page the storage reads the metadata of every object: some 50 µs each.
LISTING_TIMEOUT = urllib3.Timeout(connect=5.0, read=600.0)  # seconds


class ObjectError(Exception):
    """An object that cannot be read; `code` is the HTTP status, 0 when the storage did not answer."""

    def __init__(self, uri: str, code: int):
        super().__init__(f"{uri}: HTTP {code}")
        self.code = code


@dataclass(frozen=True)
class Content:
    """The beginning of an answer: what the object claims to be, and its bytes unless it was too large."""

    content_type: str
    size: int
    data: bytes | None


@functools.cache
def _http() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=TIMEOUT)


def split(uri: str) -> tuple[str, str]:
    """gs://bucket/name as (bucket, name); BigQueryError names a uri of another shape."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not bucket:
        raise BigQueryError("invalid", f"Invalid Cloud Storage URI {uri!r}: write gs://bucket/path")
    return bucket, name


def _endpoint(bucket: str, suffix: str) -> str:
    return f"{settings.storage_emulator_host}/storage/v1/b/{urllib.parse.quote(bucket, safe='')}/o{suffix}"


def objects(pattern: str) -> Iterator[dict]:
    """Object resources whose name matches `gs://bucket/path`, where one `*` stands for any characters."""
    bucket, path = split(pattern)
    prefix, wildcard, suffix = path.partition("*")
    token = ""
    while token is not None:
        page = _page(pattern, bucket, prefix, token)
        for item in page.get("items", ()):
            name = item["name"]
            if name == path or (wildcard and _fits(name, prefix, suffix)):
                yield item
        token = page.get("nextPageToken") or None


def _fits(name: str, prefix: str, suffix: str) -> bool:
    return len(name) >= len(prefix) + len(suffix) and name.startswith(prefix) and name.endswith(suffix)


def _page(pattern: str, bucket: str, prefix: str, token: str) -> dict:
    fields = {"prefix": prefix, "maxResults": PAGE_SIZE} | ({"pageToken": token} if token else {})
    url = f"{_endpoint(bucket, '')}?{urllib.parse.urlencode(fields)}"
    try:
        response = _http().request("GET", url, timeout=LISTING_TIMEOUT)
    except urllib3.exceptions.HTTPError as error:
        raise BigQueryError("backendError", f"Cloud Storage did not answer for {pattern}: {error}") from error
    if response.status == 404:
        raise BigQueryError("notFound", f"Not found: URI {pattern}")
    if response.status != 200:
        raise BigQueryError("backendError", f"Cloud Storage answered HTTP {response.status} for {pattern}")
    return json.loads(response.data)


def read(uri: str, max_bytes: int) -> Content:
    """Type, size and bytes of an object; a larger one is not read. ObjectError when it cannot be had."""
    bucket, name = split(uri)
    url = _endpoint(bucket, f"/{urllib.parse.quote(name, safe='')}?alt=media")
    try:
        response = _http().request("GET", url, preload_content=False)
        try:
            return _content(uri, response, max_bytes)
        finally:
            response.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise ObjectError(uri, 0) from error


def _content(uri: str, response: urllib3.BaseHTTPResponse, max_bytes: int) -> Content:
    if response.status != 200:
        response.drain_conn()
        raise ObjectError(uri, response.status)
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    size = int(response.headers.get("Content-Length", 0))
    if size > max_bytes:
        response.close()
        return Content(content_type, size, None)
    data = response.read()
    return Content(content_type, len(data), data)
