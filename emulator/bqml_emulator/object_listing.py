"""The objects behind an object table: listed by DuckDB when a query runs, or remembered since a refresh.

Source: https://docs.cloud.google.com/bigquery/docs/metadata-caching-external-tables (2026-08-22): without a
cache every query lists Cloud Storage; with one, metadata refreshed within max_staleness is used, and older
metadata is not. A cache in mode AUTOMATIC is refreshed at times nobody is told, so here its listing is live.
"""

import functools
import itertools
import json

import duckdb
import pyarrow as pa
from local_bigquery.engine import database

from bqml_emulator import gcs, limits
from bqml_emulator.storage.store import Object
from bqml_emulator.unchanged_buckets import Listings

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
OBJECT_SQL = (
    "STRUCT(uri VARCHAR, generation BIGINT, content_type VARCHAR, size BIGINT, md5_hash VARCHAR, "
    'updated TIMESTAMPTZ, metadata STRUCT("name" VARCHAR, "value" VARCHAR)[], details VARCHAR)[]'
)
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS emulator.object_listings (
    project_id VARCHAR, dataset_id VARCHAR, table_id VARCHAR, refreshed_at DOUBLE, objects {OBJECT_SQL},
    PRIMARY KEY (project_id, dataset_id, table_id)
)
"""
_listings = Listings(gcs.version)


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
        "details": list(map(_details, found, types)),
    }
    arrays = [pa.array(columns[field.name], field.type) for field in OBJECT]
    return pa.StructArray.from_arrays(arrays, fields=list(OBJECT))


def _metadata(item: Object) -> list[dict]:
    if item.attributes == "{}":
        return []
    return [{"name": k, "value": v} for k, v in (json.loads(item.attributes).get("metadata") or {}).items()]


def _details(item: Object, content_type: str) -> str:
    details = {"content_type": content_type, "md5_hash": item.md5, "size": item.size, "updated": item.updated}
    return json.dumps({"gcs_metadata": details})  # updated in microseconds, as BigQuery has it


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
    con.create_function(FUNCTION, list_objects, ["VARCHAR"], OBJECT_SQL, type="arrow", side_effects=True)
    con.execute(SCHEMA)


def text(value: str) -> str:
    """An SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def live(uris: list[str]) -> str:
    """DuckDB expression: the objects there are now."""
    return f"{FUNCTION}({text(json.dumps(uris))})"


def cached(keys: tuple[str, str, str], uris: list[str], staleness: float) -> str:
    """DuckDB expression: the objects of the last refresh, or live when it is over `staleness` minutes old."""
    project_id, dataset_id, table_id = map(text, keys)
    remembered = f"""SELECT objects FROM emulator.main.object_listings
    WHERE project_id = {project_id} AND dataset_id = {dataset_id} AND table_id = {table_id}
    AND refreshed_at > epoch(now()) - {staleness * 60}"""
    return f"coalesce(({remembered}), {live(uris)})"


def refresh(keys: tuple[str, str, str], uris: list[str]):
    """Remember what is there now."""
    sql = f"INSERT OR REPLACE INTO emulator.object_listings SELECT ?, ?, ?, epoch(now()), {live(uris)}"
    database.execute(sql, [*keys])


def forget(keys: tuple[str, str, str]):
    """Remember nothing of a table that is dropped or made anew."""
    where = "project_id = ? AND dataset_id = ? AND table_id = ?"
    database.execute(f"DELETE FROM emulator.object_listings WHERE {where}", [*keys])
