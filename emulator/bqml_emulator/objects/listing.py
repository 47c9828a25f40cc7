"""The objects behind an object table: listed by DuckDB when a query runs, or remembered since a refresh.

Source: https://docs.cloud.google.com/bigquery/docs/metadata-caching-external-tables (2026-08-22): without a
cache every query lists Cloud Storage; with one, metadata refreshed within max_staleness is used, and older
metadata is not. A cache in mode AUTOMATIC is refreshed at times nobody is told, so here its listing is live.
When the sources of a table change, its cache stays what it was until the next refresh (limitations, ibid.).
"""

import base64
import contextlib
import functools
import itertools
import json
import mimetypes
import threading
import time
from collections.abc import Iterator

import duckdb
import pyarrow as pa
from local_bigquery.catalog import names
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError

from bqml_emulator.core import limits
from bqml_emulator.engine import database_files
from bqml_emulator.objects import gcs
from bqml_emulator.objects.unchanged_buckets import Listings
from bqml_emulator.storage.store import Object

FUNCTION = "_bq_objects"
PAIR = pa.struct([("name", pa.string()), ("value", pa.string())])
OBJECT = pa.struct(
    [
        ("uri", pa.string()),
        ("generation", pa.int64()),
        ("content_type", pa.string()),
        ("size", pa.int64()),
        ("md5_hash", pa.string()),
        ("updated", pa.timestamp("us", tz="UTC")),
        ("metadata", pa.list_(PAIR)),
        ("details", pa.string()),
    ]
)
NAMES = ", ".join(field.name for field in OBJECT)
OBJECT_SQL = (
    "uri VARCHAR, generation BIGINT, content_type VARCHAR, size BIGINT, md5_hash VARCHAR, "
    'updated TIMESTAMPTZ, metadata STRUCT("name" VARCHAR, "value" VARCHAR)[], details VARCHAR'
)
# A row for each object, because one list of all would be unnested by every query, whatever it asks for.
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS emulator.metadata_caches (
    project_id VARCHAR, dataset_id VARCHAR, table_id VARCHAR, refreshed_at DOUBLE, listing BIGINT,
    PRIMARY KEY (project_id, dataset_id, table_id)
);
CREATE TABLE IF NOT EXISTS emulator.cached_objects (listing BIGINT, {OBJECT_SQL})
"""
OF_TABLE = "project_id = ? AND dataset_id = ? AND table_id = ?"
_listings = Listings(gcs.version)
_refreshing: set[tuple[str, str, str]] = set()
_refreshing_lock, _writing_lock = threading.Lock(), threading.Lock()


def _list(patterns: list[str]) -> pa.Array:
    """One array for each column, and rows from them: a dict for each object would take twice as long."""
    found = [item for pattern in patterns for item in gcs.objects(pattern)]
    types = [item.content_type or limits.UNKNOWN_CONTENT_TYPE for item in found]
    columns = {
        "uri": [f"gs://{item.bucket}/{item.name}" for item in found],
        "generation": [item.generation for item in found],
        "content_type": types,
        "size": [item.size for item in found],
        "md5_hash": [item.md5 for item in found],
        "updated": [item.updated for item in found],
        "metadata": list(map(_metadata, found)),
        "details": list(map(details, found)),
    }
    arrays = [pa.array(columns[field.name], field.type) for field in OBJECT]
    return pa.StructArray.from_arrays(arrays, fields=list(OBJECT))


def _metadata(item: Object) -> list[dict]:
    if item.attributes == "{}":
        return []
    return [{"name": k, "value": v} for k, v in (json.loads(item.attributes).get("metadata") or {}).items()]


def details(item: Object) -> str:
    """What an ObjectRef says of an object. Its MD5 is in hexadecimal digits there, its type, where the object
    has none, that of the name's suffix; `updated` is in microseconds."""
    kind = item.content_type or mimetypes.guess_type(item.name)[0] or limits.UNKNOWN_CONTENT_TYPE
    md5 = base64.b64decode(item.md5).hex() if item.md5 else None
    found = {"content_type": kind, "md5_hash": md5, "size": item.size, "updated": item.updated}
    return json.dumps({"gcs_metadata": found})


def list_objects(uris: pa.ChunkedArray) -> pa.Array:
    """DuckDB function: for each JSON list of uri patterns, the objects that match now."""
    listings = []
    for text in uris.to_pylist():
        patterns = json.loads(text)
        buckets = {gcs.split(pattern)[0] for pattern in patterns}
        listings.append(_listings.get(text, buckets, functools.partial(_list, patterns)))
    offsets = [0, *itertools.accumulate(map(len, listings))]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.concat_arrays(listings))


def register(con: duckdb.DuckDBPyConnection):
    """Make the listing function known to DuckDB; it is never folded or cached."""
    listing = f"STRUCT({OBJECT_SQL})[]"
    con.create_function(FUNCTION, list_objects, ["VARCHAR"], listing, type="arrow", side_effects=True)
    con.execute(SCHEMA)


def text(value: str) -> str:
    """An SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def live(uris: list[str], condition: str = "true") -> str:
    """DuckDB query: the objects there are now; where the condition is false nothing is listed."""
    columns = ", ".join(f"o.{field.name}" for field in OBJECT)
    patterns = f"SELECT {text(json.dumps(uris))} AS patterns WHERE {condition}"
    return f"SELECT {columns} FROM (SELECT unnest({FUNCTION}(patterns)) AS o FROM ({patterns}))"


def cached(keys: tuple[str, str, str], uris: list[str], staleness: float) -> str:
    """DuckDB query: the objects of the last refresh, or live ones when it is over `staleness` minutes old."""
    listing = _fresh(keys, staleness)
    remembered = f"SELECT {NAMES} FROM emulator.main.cached_objects WHERE listing = ({listing})"
    return f"{remembered} UNION ALL {live(uris, f'NOT EXISTS ({listing})')}"


def is_cached(keys: tuple[str, str, str], staleness: float) -> str:
    """DuckDB condition: whether `cached` has the objects of the last refresh in the same statement."""
    return f"EXISTS ({_fresh(keys, staleness)})"


def _fresh(keys: tuple[str, str, str], staleness: float) -> str:
    project_id, dataset_id, table_id = map(text, keys)
    seconds = min(staleness, limits.CACHE_LIFETIME_MINUTES) * 60
    return f"""SELECT listing FROM emulator.main.metadata_caches
    WHERE project_id = {project_id} AND dataset_id = {dataset_id} AND table_id = {table_id}
    AND refreshed_at > epoch(now()) - {seconds}"""


@contextlib.contextmanager
def _refresh_alone(keys: tuple[str, str, str]) -> Iterator[None]:
    """Of the refreshes of one table that are asked for while one runs none succeeds."""
    with _refreshing_lock:
        if keys in _refreshing:
            raise BigQueryError("invalidQuery", limits.CACHE_IN_REFRESH.format(table=names.label(*keys)))
        _refreshing.add(keys)
    try:
        yield
    finally:
        with _refreshing_lock:
            _refreshing.remove(keys)


@contextlib.contextmanager
def _writing() -> Iterator[duckdb.DuckDBPyConnection]:
    """A transaction; one at a time, because DuckDB would end the second that writes of a table."""
    with _writing_lock, database.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            yield cursor
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


def refresh(keys: tuple[str, str, str], uris: list[str]):
    """Remember what is there now; all of it, or nothing new when the bucket cannot be listed."""
    with _refresh_alone(keys), _writing() as cursor:
        _delete_objects(cursor, keys)
        listing = time.time_ns()
        cursor.execute(f"INSERT INTO emulator.cached_objects SELECT {listing}, {NAMES} FROM ({live(uris)})")
        values = f"VALUES (?, ?, ?, epoch(now()), {listing})"
        cursor.execute(f"INSERT OR REPLACE INTO emulator.metadata_caches {values}", [*keys])


def forget(keys: tuple[str, str, str]):
    """Remember nothing of a table that is dropped, or has no cache any more."""
    with _writing() as cursor:
        _delete_objects(cursor, keys)
        cursor.execute(f"DELETE FROM emulator.metadata_caches WHERE {OF_TABLE}", [*keys])


def _delete_objects(cursor: duckdb.DuckDBPyConnection, keys: tuple[str, str, str]):
    listing = f"SELECT listing FROM emulator.metadata_caches WHERE {OF_TABLE}"
    cursor.execute(f"DELETE FROM emulator.cached_objects WHERE listing = ({listing})", [*keys])


def install():
    """Have them in every database."""
    database_files.on_connect.append(register)
