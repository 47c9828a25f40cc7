"""Cloud Storage's JSON API, and what Google's clients use of its XML API: reading /bucket/object.

Source: https://docs.cloud.google.com/storage/docs/json_api/v1 (2026-11-26).
"""

import asyncio
import base64
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from bqml_emulator.core import disk
from bqml_emulator.storage import media
from bqml_emulator.storage.contents import Content
from bqml_emulator.storage.errors import StorageError, not_emulated
from bqml_emulator.storage.http import Answer, Disconnected, Request, json_answer
from bqml_emulator.storage.resources import of_bucket, of_object
from bqml_emulator.storage.store import MAX_PAGE, Conditions, Object, Store, attributes_of
from bqml_emulator.storage.uploads import Uploads

MAX_COMPONENTS = 32  # https://docs.cloud.google.com/storage/docs/composite-objects (2026-11-26)
# What would change what a bucket does, and does not do it here.
NO_SETTINGS = (
    "autoclass",
    "billing",
    "cors",
    "defaultEventBasedHold",
    "encryption",
    "hierarchicalNamespace",
    "lifecycle",
    "logging",
    "retentionPolicy",
    "website",
)
NO_PARAMETERS = ("matchGlob", "softDeleted", "includeFoldersAsPrefixes", "filter")  # of a listing
SERVER_SET = {
    "id",
    "kind",
    "name",
    "selfLink",
    "projectNumber",
    "timeCreated",
    "updated",
    "metageneration",
    "etag",
}
log = logging.getLogger(__name__)


class Api:
    """The ASGI application over a store."""

    def __init__(self, store: Store, denied_permissions: Callable[[], Iterable[str]]):
        self._store = store
        self._denied_permissions = denied_permissions
        self._uploads = Uploads(store)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(Request(scope, receive))
        except Disconnected:
            return
        except StorageError as error:
            is_bare = error.code == 304
            answer = Answer(304) if is_bare else json_answer(error.response(), error.code)
        await answer.send(send, scope["method"] == "HEAD")

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._dispatch(request)
        except (OSError, sqlite3.Error) as error:
            if disk.is_full(error):
                raise StorageError(507, disk.message(self._store.folder)) from error
            log.exception("a request failed")
            raise StorageError(500, f"{type(error).__name__}: {error}") from error
        except UnicodeEncodeError as error:
            raise StorageError(400, "Invalid value: the text is not UTF-8") from error

    async def _dispatch(self, request: Request) -> Answer:
        match request.path:
            case ["storage", "v1", "b", *rest]:
                return await self._json(request, rest)
            case ["upload", "storage", "v1", "b", bucket, "o"]:
                return await self._uploads.answer(request, bucket)
            case ["resumable", "upload", "storage", "v1", "b", bucket, "o"]:
                return await self._uploads.answer(request, bucket)
            case ["download", "storage", "v1", "b", bucket, "o", name] if request.method in ("GET", "HEAD"):
                return media.read(self._store, request, bucket, name)
            case ["batch", *_]:
                raise not_emulated("several calls in one request")
            case [bucket, first, *rest] if bucket and (first or rest):
                if request.method not in ("GET", "HEAD"):
                    raise not_emulated(f"{request.method} of the XML API")
                return media.read(self._store, request, bucket, "/".join([first, *rest]))
        raise StorageError(404, f"Not found: {'/'.join(request.path)[:200]}")

    async def _json(self, request: Request, path: list[str]) -> Answer:
        match path:
            case []:
                return await self._buckets(request)
            case [bucket, *rest] if rest[:1] != ["o"]:
                return await self._of_bucket(request, bucket, rest)
            case [bucket, "o"] if request.method == "GET":
                return self._list(request, bucket)
            case [bucket, "o", name]:
                return await self._object(request, bucket, name)
            case [bucket, "o", name, "compose"] if request.method == "POST":
                return self._compose(request, bucket, name, await request.json())
            case [bucket, "o", name, "copyTo" | "rewriteTo" as how, "b", to, "o", copy] if (
                request.method == "POST"
            ):
                return self._copy(request, how, (bucket, name), (to, copy), await request.json())
            case [_, "o"]:
                raise StorageError(405, f"{request.method} of /o")
            case [_, "o", _, kind, *_]:
                raise not_emulated(f"{kind} of an object")
        raise StorageError(404, "Not found")

    # Buckets

    async def _buckets(self, request: Request) -> Answer:
        if request.method == "GET":
            count = min(request.integer("maxResults") or MAX_PAGE, MAX_PAGE)
            found = self._store.buckets(request.query.get("prefix", ""), request.query.get("pageToken", ""))
            page = {"kind": "storage#buckets", "items": [of_bucket(b, request.base) for b in found[:count]]}
            return json_answer(page | ({"nextPageToken": found[count].name} if found[count:] else {}))
        if request.method != "POST":
            raise StorageError(405, f"{request.method} of /b")
        given = await request.json()
        name, attributes = given.get("name"), _settings(given)
        return json_answer(of_bucket(self._store.create_bucket(name, attributes), request.base))

    async def _of_bucket(self, request: Request, bucket: str, rest: list[str]) -> Answer:
        match rest:
            case []:
                return await self._bucket(request, bucket)
            case ["iam", "testPermissions"] if request.method == "GET":
                self._store.bucket(bucket)
                denied = await asyncio.to_thread(self._denied_permissions)
                granted = [name for name in request.texts("permissions") if name not in denied]
                return json_answer({"kind": "storage#testIamPermissionsResponse", "permissions": granted})
        raise not_emulated(f"{rest[0]} of a bucket")

    async def _bucket(self, request: Request, name: str) -> Answer:
        conditions = request.conditions()
        match request.method:
            case "GET":
                found = self._store.bucket(name)
                conditions.check(Object(name, "", 0, 0, found.metageneration, *[None] * 7), reads=True)
            case "PATCH" | "PUT":
                found = self._store.update_bucket(name, _settings(await request.json()), conditions)
            case "DELETE":
                self._store.delete_bucket(name, conditions)
                return Answer(204)
            case _:
                raise StorageError(405, f"{request.method} of a bucket")
        return json_answer(of_bucket(found, request.base))

    # Objects

    def _list(self, request: Request, bucket: str) -> Answer:
        for name in NO_PARAMETERS:
            if request.query.get(name) not in (None, "", "false"):
                raise not_emulated(f"{name} of a listing")
        query = request.query
        page = self._store.page(
            bucket,
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            start=query.get("startOffset", ""),
            end=query.get("endOffset", ""),
            versions=request.flag("versions"),
            token=_position(query.get("pageToken")),
            count=min(request.integer("maxResults") or MAX_PAGE, MAX_PAGE),
            trailing=request.flag("includeTrailingDelimiter"),
        )
        found: dict[str, Any] = {"kind": "storage#objects"}
        if page.items:
            found["items"] = [of_object(item, request.base) for item in page.items]
        if page.prefixes:
            found["prefixes"] = page.prefixes
        if page.token:
            found["nextPageToken"] = base64.urlsafe_b64encode(json.dumps(page.token).encode()).decode()
        return json_answer(found)

    async def _object(self, request: Request, bucket: str, name: str) -> Answer:
        generation, conditions = request.integer("generation"), request.conditions()
        match request.method:
            case "GET" | "HEAD" if request.query.get("alt") == "media":
                return media.read(self._store, request, bucket, name)
            case "GET" | "HEAD":
                found = self._store.get(bucket, name, generation)
                conditions.check(found, reads=True)
            case "PATCH" | "PUT":
                changes, replace = await request.json(), request.method == "PUT"
                found = self._store.get(bucket, name, generation)
                found = self._store.update(found, changes, conditions, replace)
            case "DELETE":
                self._store.delete(bucket, name, generation, conditions)
                return Answer(204)
            case _:
                raise StorageError(405, f"{request.method} of an object")
        return json_answer(of_object(found, request.base))

    def _copy(
        self,
        request: Request,
        how: str,
        source: tuple[str, str],
        target: tuple[str, str],
        given: dict[str, Any],
    ) -> Answer:
        found = self._store.get(*source, request.integer("sourceGeneration"))
        request.conditions("Source").check(found)
        # https://docs.cloud.google.com/storage/docs/json_api/v1/objects/rewrite (2026-11-26): what is said of
        # the copy replaces the source's, all of it.
        attributes = given if given.keys() - {"name", "bucket"} else attributes_of(found)
        attributes = {"contentType": found.content_type} | attributes
        copy = self._put(*target, [found], attributes, request.conditions(), found.components)
        resource = of_object(copy, request.base)
        if how == "copyTo":
            return json_answer(resource)
        sizes = {"totalBytesRewritten": str(copy.size), "objectSize": str(copy.size)}
        return json_answer({"kind": "storage#rewriteResponse", "done": True, **sizes, "resource": resource})

    def _compose(self, request: Request, bucket: str, name: str, given: dict[str, Any]) -> Answer:
        sources = given.get("sourceObjects") or []
        if not 1 <= len(sources) <= MAX_COMPONENTS:
            raise StorageError(400, f"The number of source objects must be between 1 and {MAX_COMPONENTS}")
        parts = []
        for source in sources:
            part = self._store.get(bucket, source.get("name"), _whole(source.get("generation")))
            wanted = (source.get("objectPreconditions") or {}).get("ifGenerationMatch")
            Conditions(_whole(wanted)).check(part)
            parts.append(part)
        count = sum(part.components or 1 for part in parts)
        attributes = {"contentType": parts[0].content_type} | (given.get("destination") or {})
        made = self._put(bucket, name, parts, attributes, request.conditions(), count)
        return json_answer(of_object(made, request.base))

    def _put(
        self,
        bucket: str,
        name: str,
        parts: list[Object],
        attributes: dict,
        conditions: Conditions,
        components,
    ) -> Object:
        content = Content(self._store.incoming)
        try:
            for part in parts:
                content.read_from(self._store.path(part))
            return self._store.put(bucket, name, content, attributes, conditions, components)
        finally:
            content.discard()


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    for name in NO_SETTINGS:
        if given.get(name):
            raise not_emulated(f"{name} of a bucket")
    return {key: value for key, value in given.items() if key not in SERVER_SET}


def _whole(value: Any) -> int | None:
    if value is None or str(value).isdigit():
        return None if value is None else int(value)
    raise StorageError(400, f"Invalid value for a generation: {value!r}")


def _position(token: str | None) -> tuple[str, int] | None:
    if not token:
        return None
    try:
        name, generation = json.loads(base64.urlsafe_b64decode(token))
        return str(name), int(generation)
    except (ValueError, TypeError):
        raise StorageError(400, f"Invalid value for pageToken: {token[:100]}") from None
