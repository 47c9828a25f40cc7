"""Uploads in their three forms: the bytes alone (media), with metadata (multipart), in parts (resumable).

Source: https://docs.cloud.google.com/storage/docs/uploads-downloads and .../performing-resumable-uploads
(2026-11-26). An upload in parts outlives the process; once it is done or cancelled, or a week old, a new
process has forgotten it, and its client is told 404.
"""

import json
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bqml_emulator.storage.contents import Content
from bqml_emulator.storage.errors import StorageError, not_emulated
from bqml_emulator.storage.http import Answer, Request, as_json, json_answer
from bqml_emulator.storage.names import check_object
from bqml_emulator.storage.resources import of_object
from bqml_emulator.storage.store import Conditions, Object, Store

BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
CONTENT_TYPE = re.compile(rb"^content-type:\s*(.*?)\s*$", re.IGNORECASE | re.MULTILINE)
CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
RESUMABLE_KEPT = 10_000  # uploads in parts that were begun or are done; the oldest are forgotten
RESUMABLE_SECONDS = 7 * 24 * 3600  # .../resumable-uploads: "within a week of being initiated"
UPLOAD_ID = re.compile(r"[\w-]{32}", re.ASCII)
FOR_GOOD = (400, 412)  # how an upload fails at its end: other bytes than announced, a precondition
CANCELLED = 499  # what the service answers to a DELETE of an upload


@dataclass
class Target:
    """Where an upload goes, and what its client says of it."""

    bucket: str
    name: str
    attributes: dict[str, Any]
    conditions: Conditions

    def store(self, store: Store, content: Content) -> Object:
        """The object, if its bytes are those that the client has sent."""
        for key, actual in (("md5Hash", content.md5), ("crc32c", content.crc32c)):
            if self.attributes.get(key) not in (None, actual):
                text = f"Provided {key} {self.attributes[key]!r} doesn't match calculated {key} {actual!r}."
                raise StorageError(400, text)
        return store.put(self.bucket, self.name, content, self.attributes, self.conditions)


@dataclass
class Resumable:
    """An upload in parts; `done` is the object once all of them are there. `note` outlives the process."""

    target: Target
    content: Content
    note: Path
    done: Object | None = None

    @classmethod
    def begin(cls, folder: Path, upload_id: str, target: Target) -> "Resumable":
        """A new one."""
        note = folder / f"{upload_id}.json"
        note.write_text(json.dumps(asdict(target)))
        return cls(target, Content(folder, upload_id), note)

    @classmethod
    def resume(cls, folder: Path, upload_id: str) -> "Resumable | None":
        """One that another process has begun, with the bytes that it has received."""
        note = folder / f"{upload_id}.json"
        if not UPLOAD_ID.fullmatch(upload_id) or not note.exists():
            return None
        if not (folder / upload_id).exists():  # the object has it: the process died before it had forgotten
            return None
        noted = json.loads(note.read_text())
        target = Target(**noted | {"conditions": Conditions(**noted["conditions"])})
        return cls(target, Content(folder, upload_id), note)

    def finish(self, store: Store):
        """All bytes are there."""
        self.done = self.target.store(store, self.content)
        self.note.unlink(missing_ok=True)

    def discard(self):
        """Nothing is to become of it."""
        self.content.discard()
        self.note.unlink(missing_ok=True)


def forget_expired(folder: Path):
    """At start: uploads that were begun too long ago."""
    for note in folder.glob("*.json"):
        if time.time() - note.stat().st_mtime > RESUMABLE_SECONDS:
            note.with_suffix("").unlink(missing_ok=True)
            note.unlink()


class Uploads:
    """Answers to /upload/…"""

    def __init__(self, store: Store):
        self._store = store
        self._resumable: OrderedDict[str, Resumable] = OrderedDict()

    async def answer(self, request: Request, bucket: str) -> Answer:
        """Start an upload or go on with one."""
        kind = request.query.get("uploadType", "media")
        if "upload_id" in request.query:
            return await self._go_on(request, request.query["upload_id"])
        if request.method != "POST":
            raise StorageError(405, f"{request.method} of an upload without upload_id")
        if "x-goog-encryption-key" in request.headers:
            raise not_emulated("encryption keys of the customer's")
        self._store.bucket(bucket)
        match kind:
            case "media":
                return await self._media(request, bucket)
            case "multipart":
                return await self._multipart(request, bucket)
            case "resumable":
                return await self._begin(request, bucket)
        raise StorageError(400, f"Invalid value for uploadType: {kind}")

    def _target(
        self, request: Request, bucket: str, given: dict[str, Any], content_type: str | None
    ) -> Target:
        name = check_object(request.query.get("name") or given.get("name"))
        sent = dict(part.split("=", 1) for part in _listed(request.headers.get("x-goog-hash", "")))
        hashes = {
            key: sent[short] for short, key in (("crc32c", "crc32c"), ("md5", "md5Hash")) if short in sent
        }
        attributes = hashes | given
        if content_type and not attributes.get("contentType"):
            attributes["contentType"] = content_type
        return Target(bucket, name, attributes, request.conditions())

    def _finish(self, request: Request, target: Target, content: Content) -> Answer:
        return json_answer(of_object(target.store(self._store, content), request.base))

    async def _media(self, request: Request, bucket: str) -> Answer:
        given = {"contentEncoding": request.query.get("contentEncoding")}
        target = self._target(request, bucket, given, request.headers.get("content-type"))
        content = Content(self._store.incoming)
        try:
            async for chunk in request.chunks():
                content.write(chunk)
            return self._finish(request, target, content)
        finally:
            content.discard()

    async def _multipart(self, request: Request, bucket: str) -> Answer:
        parts = _parts(request.headers.get("content-type", ""), await request.body())
        given, content_type, data = as_json(parts[0]), parts[1], parts[2]
        target = self._target(request, bucket, given, content_type)
        content = Content(self._store.incoming)
        try:
            content.write(data)
            return self._finish(request, target, content)
        finally:
            content.discard()

    async def _begin(self, request: Request, bucket: str) -> Answer:
        given = await request.json()
        target = self._target(request, bucket, given, request.headers.get("x-upload-content-type"))
        upload_id = secrets.token_urlsafe(24)
        self._resumable[upload_id] = Resumable.begin(self._store.resumable, upload_id, target)
        while len(self._resumable) > RESUMABLE_KEPT:
            self._resumable.popitem(last=False)[1].discard()
        query = f"uploadType=resumable&upload_id={upload_id}"
        location = f"{request.base}/upload/storage/v1/b/{bucket}/o?{query}"
        return Answer(200, headers={"Location": location, "X-GUploader-UploadID": upload_id})

    async def _go_on(self, request: Request, upload_id: str) -> Answer:
        upload = self._resumable.get(upload_id) or Resumable.resume(self._store.resumable, upload_id)
        if upload is None:
            raise StorageError(404, f"No such upload: {upload_id}")
        self._resumable[upload_id] = upload
        if request.method == "DELETE":
            self._resumable.pop(upload_id).discard()
            return Answer(CANCELLED)
        if request.method not in ("PUT", "POST"):
            raise StorageError(405, f"{request.method} of an upload")
        total = await _receive(request, upload)
        if upload.done is None and total != upload.content.size:
            received = {"Range": f"bytes=0-{upload.content.size - 1}"} if upload.content.size else {}
            return Answer(308, headers=received)
        if upload.done is None:
            try:
                upload.finish(self._store)
            except StorageError as error:
                if error.code in FOR_GOOD:
                    self._resumable.pop(upload_id, None)
                    upload.discard()
                raise
        return json_answer(of_object(upload.done, request.base))


async def _receive(request: Request, upload: Resumable) -> int | None:
    """Take what is new of a part; the size of the whole upload, None while its client does not know it."""
    given = request.headers.get("content-range")
    match = CONTENT_RANGE.fullmatch(given) if given else None
    if given and not match:
        raise StorageError(400, f"Invalid value for Content-Range: {given[:100]}")
    start, total = (int(match[1] or 0), match[3]) if match else (0, "")
    known = upload.content.size
    if match and match[1] and start > known:
        raise StorageError(503, f"Invalid request: bytes {known}-{start - 1} are missing")
    skip = known - start if match and match[1] else 0
    async for chunk in request.chunks():
        new = chunk[skip:]
        skip -= len(chunk) - len(new)
        if new and upload.done is None:
            upload.content.write(new)
    if total == "*":
        return None
    return int(total) if total else upload.content.size


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if "=" in part]


def _parts(content_type: str, body: bytes) -> tuple[bytes, str | None, bytes]:
    """Metadata, type and bytes of multipart/related; lines end with CRLF, or as gcsfs does it with LF."""
    match = BOUNDARY.search(content_type)
    if not match:
        raise StorageError(400, "Required: a boundary in Content-Type")
    boundary = b"--" + match[1].strip().encode()
    for line in (b"\r\n", b"\n"):
        opening, between = boundary + line, line + boundary + line
        start = body.find(opening)
        middle = body.find(between, start)
        end = body.rfind(line + boundary + b"--")
        if -1 < start < middle < end:
            metadata = body[start + len(opening) : middle].partition(line * 2)[2]
            head, _, data = body[middle + len(between) : end].partition(line * 2)
            found = CONTENT_TYPE.search(head)
            return metadata, found[1].decode("latin-1") if found else None, data
    raise StorageError(400, "Multipart upload must have two parts")
