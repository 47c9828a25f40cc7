"""A request and its answer, as the storage's methods see them."""

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from bqml_emulator.storage.errors import StorageError
from bqml_emulator.storage.store import Conditions

MAX_JSON_BYTES = 8 * 1024 * 1024  # of metadata; Google takes less
CHUNK = 256 * 1024  # bytes read from a file at a time
MAX_INTEGER = 2**63 - 1


class Disconnected(Exception):
    """The client has gone before the end of its request."""


class Request:
    """One HTTP request; texts are decoded, each part of the path by itself."""

    def __init__(self, scope: dict, receive):
        self._receive = receive
        self.method: str = scope["method"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            self.path = [unquote_to_bytes(part).decode() for part in scope["raw_path"].split(b"/")[1:]]
            query = scope["query_string"].decode("ascii")
            self._pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
            self.query = dict(self._pairs)
        except (UnicodeDecodeError, ValueError):
            raise StorageError(400, "The address of the request is not UTF-8") from None

    @property
    def base(self) -> str:
        """The address under which the client has reached this service."""
        return f"http://{self.headers['host']}"

    def texts(self, name: str) -> list[str]:
        """Every value of a parameter that may be given several times."""
        return [value for given, value in self._pairs if given == name]

    def integer(self, name: str) -> int | None:
        """A parameter that counts; StorageError 400 for any other text."""
        text = self.query.get(name)
        if text is None or (text.isascii() and text.isdigit() and int(text[:20]) <= MAX_INTEGER):
            return None if text is None else int(text)
        raise StorageError(400, f"Invalid value for {name}: {text[:100]}")

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() == "true"

    def conditions(self, of: str = "") -> Conditions:
        """ifGenerationMatch and its like; `of` is "Source" for those of what is copied."""
        kinds = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")
        return Conditions(*(self.integer(f"if{of}{kind}") for kind in kinds))

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes; Disconnected when its end does not."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            more = message.get("more_body", False)
            if data := message.get("body", b""):
                yield data

    async def body(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])

    async def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one is {}."""
        data = await self.body()
        if len(data) > MAX_JSON_BYTES:
            raise StorageError(400, "The request's JSON is too large")
        return as_json(data)


def as_json(data: bytes) -> dict[str, Any]:
    """A JSON object; StorageError 400 for anything else."""
    try:
        found = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise StorageError(400, "Parse Error: the request is not a JSON object")
    return found


@dataclass
class Answer:
    """Status, headers and what follows: bytes, or `size` bytes of a file from `start` on."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    start: int = 0
    size: int = 0

    async def send(self, send, is_head: bool):
        """Write it; a file may be deleted meanwhile."""
        opened = self.file.open("rb") if self.file and not is_head else None
        try:
            size = self.size if self.file else len(self.body)
            headers = {"Content-Length": str(size), "X-Content-Type-Options": "nosniff"} | self.headers
            if self.status in (204, 304):
                headers.pop("Content-Length")
            encoded = [(name.lower().encode(), value.encode("utf-8")) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": self.status, "headers": encoded})
            if opened:
                await _send_file(send, opened, self.start, self.size)
            await send({"type": "http.response.body", "body": b"" if opened or is_head else self.body})
        finally:
            if opened:
                opened.close()


async def _send_file(send, opened, start: int, size: int):
    opened.seek(start, os.SEEK_SET)
    while size:
        data = opened.read(min(CHUNK, size))
        size -= len(data)
        await send({"type": "http.response.body", "body": data, "more_body": True})


def json_answer(found: dict[str, Any], status: int = 200) -> Answer:
    """An answer of the JSON API."""
    body = json.dumps(found, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=UTF-8"})
