"""Reading an object's bytes."""

import re
from email.utils import formatdate

from bqml_emulator.storage.errors import StorageError
from bqml_emulator.storage.http import Answer, Request
from bqml_emulator.storage.resources import STORAGE_CLASS, etag
from bqml_emulator.storage.store import Object, Store, attributes_of

RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# An object may be a page. In a sandbox it is nobody: its scripts cannot write to the storage that showed it.
SANDBOX = "sandbox allow-scripts allow-popups allow-downloads"
HEADERS = {
    "cacheControl": "Cache-Control",
    "contentDisposition": "Content-Disposition",
    "contentEncoding": "Content-Encoding",
    "contentLanguage": "Content-Language",
}
LINE_ENDS = str.maketrans("", "", "\r\n\0")


def read(store: Store, request: Request, bucket: str, name: str) -> Answer:
    """The bytes of an object, or the part of them that the header Range asks for."""
    found = store.get(bucket, name, request.integer("generation"))
    request.conditions().check(found, reads=True)
    start, end = _range(request.headers.get("range", ""), found.size)
    headers = _headers(found)
    if start is None:
        return Answer(200, headers=headers, file=store.path(found), size=found.size)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    return Answer(206, headers=headers, file=store.path(found), start=start, size=end - start)


def _range(text: str, size: int) -> tuple[int | None, int]:
    """First byte and the one behind the last; (None, size) where all are asked for."""
    match = RANGE.fullmatch(text.strip())
    if not match or not any(match.groups()):
        return None, size
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= size or start >= end:
        raise StorageError(416, f"The requested range cannot be satisfied: {text} of {size} bytes")
    return start, end


def _headers(found: Object) -> dict[str, str]:
    given = attributes_of(found)
    hashes = [f"crc32c={found.crc32c}", *([f"md5={found.md5}"] if found.md5 else [])]
    headers = {
        "Content-Type": given.get("contentType") or "application/octet-stream",
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": SANDBOX,
        "ETag": f'"{etag(found.generation, found.metageneration)}"',
        "Last-Modified": formatdate(found.updated / 1_000_000, usegmt=True),
        "X-Goog-Generation": str(found.generation),
        "X-Goog-Metageneration": str(found.metageneration),
        "X-Goog-Hash": ",".join(hashes),
        "X-Goog-Storage-Class": given.get("storageClass") or STORAGE_CLASS,
        "X-Goog-Stored-Content-Length": str(found.size),
        "X-Goog-Stored-Content-Encoding": given.get("contentEncoding") or "identity",
    }
    headers |= {header: given[key] for key, header in HEADERS.items() if given.get(key)}
    if found.components:
        headers["X-Goog-Component-Count"] = str(found.components)
    for key, value in (given.get("metadata") or {}).items():
        if re.fullmatch(r"[A-Za-z0-9_.-]+", key):
            headers[f"X-Goog-Meta-{key}"] = str(value)
    return {name: str(value).translate(LINE_ENDS) for name, value in headers.items()}
