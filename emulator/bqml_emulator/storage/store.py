"""Buckets and objects: one SQLite file that knows their names, and one plain file for each object's content.

A name never becomes a path: a content is filed under the object's generation, a number that is used once. The
row is committed after its file is there, and a file goes after its row has gone; if the process dies between
the two, a file that nothing names is left, and nothing is lost. Several processes may work on one folder.
"""

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bqml_emulator.storage import names
from bqml_emulator.storage.contents import Content
from bqml_emulator.storage.errors import StorageError

# Times are microseconds since 1970. `ended` is when a version stopped being the live one; 0: it is live.
SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY, created INTEGER, updated INTEGER, metageneration INTEGER, attributes TEXT,
    changed INTEGER  -- number of the last change of its objects
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT, name TEXT, generation INTEGER, ended INTEGER, metageneration INTEGER, updated INTEGER,
    size INTEGER, md5 TEXT, crc32c TEXT, components INTEGER, content_type TEXT, attributes TEXT,
    PRIMARY KEY (bucket, name, generation)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last_change (number INTEGER);
INSERT INTO last_change SELECT 0 WHERE NOT EXISTS (FROM_NOTHING);
""".replace("FROM_NOTHING", "SELECT 1 FROM last_change")
BUSY_SECONDS = 60.0
FOLDERS = 256  # of contents
MAX_PAGE = 1000  # https://docs.cloud.google.com/storage/docs/json_api/v1/objects/list (2026-11-26)
# What a client may say of an object besides its name and content.
WRITABLE = {
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "metadata",
    "storageClass",
}
NEVER = 2**63 - 1


class Bucket(NamedTuple):
    """A bucket's row."""

    name: str
    created: int
    updated: int
    metageneration: int
    attributes: str
    changed: int

    @property
    def keeps_versions(self) -> bool:
        return bool(json.loads(self.attributes).get("versioning", {}).get("enabled"))


class Object(NamedTuple):
    """An object's row: one version of it."""

    bucket: str
    name: str
    generation: int
    ended: int
    metageneration: int
    updated: int
    size: int
    md5: str | None
    crc32c: str
    components: int | None
    content_type: str | None
    attributes: str

    @property
    def label(self) -> str:
        return f"{self.bucket}/{self.name}"


@dataclass(frozen=True)
class Conditions:
    """What must be true of the object of a request; None asks nothing. Generation 0: none is live."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    def check(self, found: Object | None, reads: bool = False):
        """StorageError 412, or 304 where a read meets one of the two `not`."""
        generation = found.generation if found else 0
        metageneration = found.metageneration if found else 0
        for wanted, actual in (
            (self.generation_match, generation),
            (self.metageneration_match, metageneration),
        ):
            if wanted not in (None, actual):
                raise StorageError(412, "At least one of the pre-conditions you specified did not hold.")
        for unwanted, actual in (
            (self.generation_not_match, generation),
            (self.metageneration_not_match, metageneration),
        ):
            if unwanted is not None and unwanted == actual:
                code = 304 if reads else 412
                raise StorageError(code, "At least one of the pre-conditions you specified did not hold.")


@dataclass
class Page:
    """A part of a listing; `token` is where the next one begins, or None."""

    items: list[Object] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    token: tuple[str, int] | None = None

    def __len__(self) -> int:
        return len(self.items) + len(self.prefixes)


class Store:
    """The storage in `folder`; usable from many threads. OSError or sqlite3.Error where the disk is full."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.incoming = folder / "incoming"
        self.resumable = folder / "resumable"  # uploads in parts
        self.contents = folder / "contents"
        self.incoming.mkdir(parents=True, exist_ok=True)
        self.resumable.mkdir(exist_ok=True)
        for number in range(FOLDERS):
            (self.contents / f"{number:02x}").mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._connection.executescript(SCHEMA)

    @property
    def _connection(self) -> sqlite3.Connection:
        """This thread's own."""
        if not hasattr(self._local, "connection"):
            path = self.folder / "objects.sqlite"
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # safe against kill -9; no flush a change
            self._local.connection, self._local.depth = connection, 0
        return self._local.connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, all or nothing, also around several calls of this thread."""
        connection = self._connection
        if self._local.depth:
            yield connection
            return
        connection.execute("BEGIN IMMEDIATE")
        self._local.depth, self._local.unwanted, self._local.made = 1, [], []
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk has ended the transaction already
                connection.execute("ROLLBACK")
            self._local.unwanted = self._local.made
            raise
        finally:
            self._local.depth = 0
            for path in self._local.unwanted:
                path.unlink(missing_ok=True)

    # Buckets

    def buckets(self, prefix: str = "", start: str = "") -> list[Bucket]:
        """Every bucket, by name, from `start` on."""
        rows = self._connection.execute("SELECT * FROM buckets WHERE name >= ? ORDER BY name", [start])
        return [Bucket(*row) for row in rows if row[0].startswith(prefix)]

    def bucket(self, name: str) -> Bucket:
        """StorageError 404 when there is none."""
        row = self._connection.execute("SELECT * FROM buckets WHERE name = ?", [name]).fetchone()
        if row is None:
            raise StorageError(404, "The specified bucket does not exist.")
        return Bucket(*row)

    def create_bucket(self, name: str, attributes: dict[str, Any]) -> Bucket:
        """StorageError 409 when the name is taken, 400 when no bucket may have it."""
        names.check_bucket(name)
        with self.writing() as connection:
            now = self._next_number()
            row = Bucket(name, now, now, 1, json.dumps(attributes), now)
            try:
                connection.execute("INSERT INTO buckets VALUES (?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                text = "Your previous request to create the named bucket succeeded and you already own it."
                raise StorageError(409, text) from None
        return row

    def update_bucket(self, name: str, changes: dict[str, Any], conditions: Conditions) -> Bucket:
        """Merge attributes; None takes one away."""
        with self.writing() as connection:
            found = self.bucket(name)
            self._check_bucket(found, conditions)
            merged = {k: v for k, v in (json.loads(found.attributes) | changes).items() if v is not None}
            connection.execute(
                "UPDATE buckets SET attributes = ?, updated = ?, metageneration = metageneration + 1 "
                "WHERE name = ?",
                [json.dumps(merged), self._next_number(), name],
            )
            return self.bucket(name)

    def delete_bucket(self, name: str, conditions: Conditions):
        """StorageError 409 while there is anything in it."""
        with self.writing() as connection:
            self._check_bucket(self.bucket(name), conditions)
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", [name]).fetchone():
                raise StorageError(409, "The bucket you tried to delete is not empty.")
            connection.execute("DELETE FROM buckets WHERE name = ?", [name])

    @staticmethod
    def _check_bucket(found: Bucket, conditions: Conditions):
        wanted, unwanted = conditions.metageneration_match, conditions.metageneration_not_match
        if wanted not in (None, found.metageneration) or unwanted == found.metageneration:
            raise StorageError(412, "At least one of the pre-conditions you specified did not hold.")

    # Objects

    def get(self, bucket: str, name: str, generation: int | None = None) -> Object:
        """The live version, or the given one; StorageError 404 when it is not there (any more)."""
        found = self._find(bucket, name, generation)
        if found is None:
            self.bucket(bucket)
            raise StorageError(
                404, f"No such object: {bucket}/{name}{f'#{generation}' if generation else ''}"
            )
        return found

    def path(self, found: Object) -> Path:
        """The file of its content."""
        return self._path(found.generation)

    def put(
        self,
        bucket: str,
        name: str,
        content: Content,
        attributes: dict[str, Any],
        conditions: Conditions = Conditions(),
        components: int | None = None,
    ) -> Object:
        """A new version of an object; the content's file becomes the object's."""
        names.check_object(name)
        with self.writing() as connection:
            keeps_versions = self.bucket(bucket).keeps_versions
            before = self._find(bucket, name)
            conditions.check(before)
            generation = self._next_number()
            if before:
                self._end(before, generation, keeps_versions)
            row = Object(
                bucket,
                name,
                generation,
                0,
                1,
                generation,
                content.size,
                None if components else content.md5,
                content.crc32c,
                components,
                attributes.get("contentType"),
                _as_text(attributes),
            )
            connection.execute(f"INSERT INTO objects VALUES (?{', ?' * 11})", row)
            self._touch(bucket, generation)
            self._local.made.append(self._path(generation))
            content.move(self._local.made[-1])
        return row

    def update(
        self, found: Object, changes: dict[str, Any], conditions: Conditions, replace: bool = False
    ) -> Object:
        """Change what is said of a version, not its content; None takes an attribute away."""
        with self.writing() as connection:
            found = self.get(found.bucket, found.name, found.generation)
            conditions.check(found)
            known = {} if replace else attributes_of(found)
            attributes = known | {key: value for key, value in changes.items() if key in WRITABLE}
            if not replace and isinstance(changes.get("metadata"), dict):
                attributes["metadata"] = (known.get("metadata") or {}) | changes["metadata"]
            number = self._next_number()
            connection.execute(
                "UPDATE objects SET attributes = ?, content_type = ?, metageneration = metageneration + 1, "
                "updated = ? WHERE bucket = ? AND name = ? AND generation = ?",
                [_as_text(attributes), attributes.get("contentType"), number, *found[:3]],
            )
            self._touch(found.bucket, number)
            return self.get(*found[:3])

    def delete(self, bucket: str, name: str, generation: int | None, conditions: Conditions):
        """Without a generation a bucket that keeps versions keeps this one, too."""
        with self.writing():
            found = self.get(bucket, name, generation)
            conditions.check(found)
            number = self._next_number()
            self._end(found, number, generation is None and self.bucket(bucket).keeps_versions)
            self._touch(bucket, number)

    def page(
        self,
        bucket: str,
        prefix: str = "",
        delimiter: str = "",
        start: str = "",
        end: str = "",
        versions: bool = False,
        token: tuple[str, int] | None = None,
        count: int = MAX_PAGE,
        trailing: bool = False,
    ) -> Page:
        """Objects in the order of their names' bytes; with a delimiter folders are told once, as prefixes.

        `start` is included, `end` is not. `trailing`: an object whose name is a prefix is told as both.
        """
        self.bucket(bucket)
        page, position = Page(), max(token or ("", -1), (prefix, -1), (start, -1), key=_place)
        bounds = [bound.encode() for bound in (names.after(prefix) if prefix else None, end) if bound]
        until = min(bounds).decode() if bounds else None
        while position:
            position = self._fill(page, bucket, prefix, delimiter, position, until, versions, count, trailing)
        return page

    def _fill(self, page, bucket, prefix, delimiter, position, until, versions, count, trailing):
        """Add objects up to the next folder; where to go on, or None at the end of page or bucket."""
        for found in self.rows(bucket, position, until, versions, count - len(page) + 1):
            folder = _folder(found.name, prefix, delimiter)
            if len(page) == count:
                page.token = position
                return None
            if folder is None or (trailing and folder == found.name):
                page.items.append(found)
                position = (found.name, found.generation if versions else NEVER)
            if folder is not None:
                page.prefixes.append(folder)
                behind = names.after(folder)
                return (behind, -1) if behind else None
        return None

    def rows(
        self,
        bucket: str,
        position: tuple[str, int] = ("", -1),
        until: str | None = None,
        versions: bool = False,
        limit: int = -1,
    ) -> Iterator[Object]:
        """The objects behind a place (name, generation) and before a name, live ones or every version."""
        sql = "SELECT * FROM objects WHERE bucket = ? AND (name, generation) > (?, ?)"
        values: list[Any] = [bucket, *position]
        if not versions:
            sql += " AND ended = 0"
        if until is not None:
            sql += " AND name < ?"
            values.append(until)
        sql += " ORDER BY name, generation LIMIT ?"
        return map(Object._make, self._connection.execute(sql, [*values, limit]))

    # How

    def _find(self, bucket: str, name: str, generation: int | None = None) -> Object | None:
        sql = "SELECT * FROM objects WHERE bucket = ? AND name = ? AND "
        which = "ended = 0" if generation is None else "generation = ?"
        values = [bucket, name] if generation is None else [bucket, name, generation]
        row = self._connection.execute(sql + which, values).fetchone()
        return Object._make(row) if row else None

    def _end(self, found: Object, number: int, is_kept: bool):
        where = "WHERE bucket = ? AND name = ? AND generation = ?"
        if is_kept:
            self._connection.execute(f"UPDATE objects SET ended = ? {where}", [number, *found[:3]])
            return
        self._connection.execute(f"DELETE FROM objects {where}", found[:3])
        self._local.unwanted.append(self._path(found.generation))

    def _touch(self, bucket: str, number: int):
        self._connection.execute("UPDATE buckets SET changed = ? WHERE name = ?", [number, bucket])

    def _next_number(self) -> int:
        """The time in microseconds, but more than ever before: a generation that nothing else has."""
        now = time.time_ns() // 1000
        [number] = self._connection.execute(
            "UPDATE last_change SET number = max(number + 1, ?) RETURNING number", [now]
        ).fetchall()[0]
        return number

    def _path(self, generation: int) -> Path:
        return self.contents / f"{generation % FOLDERS:02x}" / str(generation)


def attributes_of(found: Object) -> dict[str, Any]:
    """What a client has said of an object."""
    given = json.loads(found.attributes)
    return given | ({"contentType": found.content_type} if found.content_type else {})


def _as_text(attributes: dict[str, Any]) -> str:
    kept = {key: value for key, value in attributes.items() if key in WRITABLE and value is not None}
    kept.pop("contentType", None)
    if isinstance(kept.get("metadata"), dict):
        kept["metadata"] = {key: value for key, value in kept["metadata"].items() if value is not None}
    return json.dumps(kept)


def _place(position: tuple[str, int]) -> tuple[bytes, int]:
    return position[0].encode(), position[1]


def _folder(name: str, prefix: str, delimiter: str) -> str | None:
    if not delimiter:
        return None
    at = name.find(delimiter, len(prefix))
    return None if at < 0 else name[: at + len(delimiter)]
