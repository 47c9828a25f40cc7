"""The SQL function of a search by index: the rows of the probed lists with their distances.

    _vector_nearby(key, distance type, vector, fraction)    STRUCT(known, placed, r, d)

Which row is in which list is known from the last look at the table (`contents`), so no vector is hashed, and
the distances are DuckDB's own, of copies of the vectors (`copies`). `known` names that look. `placed` is the
rows that are in a list: all from `first` to `last` but `gaps`; NULL where it was said before. Rows that the
look did not see or could not place are compared in the table itself. So is everything when lists or copies
are gone, and when something is odd about a vector, for which BigQuery has an error.
"""

import itertools
import threading
import time
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from local_bigquery.engine import database

from bqml_emulator.engine import catalog_lookups
from bqml_emulator.vector import copies, state
from bqml_emulator.vector.catalog import VectorIndex
from bqml_emulator.vector.contents import Contents, contents
from bqml_emulator.vector.copies import Copies
from bqml_emulator.vector.lists import Lists

DISTANCES = {
    "EUCLIDEAN": "list_distance({base}, {query})",
    "COSINE": "list_cosine_distance({base}, {query})",
    "DOT_PRODUCT": "-list_inner_product({base}, {query})",  # ours: smaller is nearer
}
NOTHING = -1  # `known` of a look that places no row
PLACED = "STRUCT(first BIGINT, last BIGINT, gaps BIGINT[])"
TYPE = f"STRUCT(known BIGINT, placed {PLACED}, r BIGINT[], d DOUBLE[])"


@dataclass(frozen=True)
class Look:
    """Where the rows of a table were at one moment.

    rows and places: INT64 [n] row numbers list by list, and where the vector of each is among the copies;
    starts: INT64 [lists + 1] the first of each list in them; placed: which rows are in a list, as in PLACED.
    """

    number: int
    source: tuple[Contents, Lists, Copies, int]
    rows: np.ndarray
    places: np.ndarray
    starts: np.ndarray
    placed: dict[str, int | np.ndarray]


_numbers = itertools.count()
_latest: dict[str, Look] = {}
_lock = threading.Lock()


def _look(index: VectorIndex, built: Lists) -> Look:
    now = time.time()
    with catalog_lookups.anew():  # not what the statement saw when it was planned
        table = contents(index)
    found = copies.of(index, built.dimension)
    source = table, built, found, int(built.available(now).sum())
    with _lock:
        latest = _latest.get(index.id)
        if latest is None or any(a is not b for a, b in zip(latest.source[:3], source[:3], strict=True)):
            latest = None
        if latest is None or latest.source[3] != source[3]:
            latest = _latest[index.id] = _placed(source, now)
        return latest


def _placed(source: tuple[Contents, Lists, Copies, int], now: float) -> Look:
    table, built, found, _ = source
    lists, places = built.lists_of(table.row_hashes, now), found.places(table.row_hashes)
    listed = np.flatnonzero((lists >= 0) & (places >= 0))
    listed = listed[np.lexsort((places[listed], lists[listed]))]
    starts = np.searchsorted(lists[listed], np.arange(len(built.centroids) + 1))
    rows = table.row_ids[listed]
    return Look(next(_numbers), source, rows, places[listed], starts, _span(rows))


def _span(rows: np.ndarray) -> dict[str, int | np.ndarray]:
    """These rows as PLACED."""
    if not rows.size:
        return {"first": 0, "last": -1, "gaps": rows}
    first, last = int(rows.min()), int(rows.max())
    is_gap = np.ones(last - first + 1, dtype=bool)
    is_gap[rows - first] = False
    return {"first": first, "last": last, "gaps": first + np.flatnonzero(is_gap)}


def _nearby(keys: pa.Array, distance_types: pa.Array, vectors: pa.Array, fractions: pa.Array) -> pa.Array:
    found = [
        _of_one(key, distance_type, vector, fraction)
        for key, distance_type, vector, fraction in zip(
            keys.to_pylist(), distance_types.to_pylist(), vectors, fractions.to_pylist(), strict=True
        )
    ]
    looks, rows, distances = zip(*found, strict=True)
    known = [look.number if look else NOTHING for look in looks]
    said = {number: at for at, number in reversed([*enumerate(known)])}  # where each comes first
    placed = [
        (look.placed if look else NOWHERE) if said[known[at]] == at else None for at, look in enumerate(looks)
    ]
    offsets = pa.array(np.cumsum([0, *map(len, rows)]), pa.int32())
    arrays = [
        pa.array(known, pa.int64()),
        pa.array(placed, PLACED_TYPE),
        pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(rows), pa.int64())),
        pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(distances), pa.float64())),
    ]
    return pa.StructArray.from_arrays(arrays, ["known", "placed", "r", "d"])


def _of_one(
    key: str, distance_type: str, vector: pa.ListScalar, fraction: float
) -> tuple[Look | None, np.ndarray, np.ndarray]:
    """A look, and the rows of the probed lists with their distances: INT64 and FLOAT64 [n]."""
    nothing = None, np.empty(0, dtype=np.int64), np.empty(0)
    planned, numbers = state.by_key(key), vector.values
    if planned is None or len(numbers) != planned[1].dimension or numbers.null_count:
        return nothing
    index, built = planned
    look = _look(index, built)
    probed = sorted(built.probe(numbers.to_numpy(), fraction))
    try:
        rows, distances = _compared(look, probed, numbers, distance_type)
    except (OSError, ValueError):  # the copies were deleted meanwhile
        return nothing
    return nothing if np.isnan(distances).any() else (look, rows, distances)


def _compared(
    look: Look, probed: list[int], numbers: pa.Array, distance_type: str
) -> tuple[np.ndarray, np.ndarray]:
    batches = [_batch(look, look.starts[number], look.starts[number + 1]) for number in probed if number >= 0]
    query = pa.table({"q": pa.ListArray.from_arrays(pa.array([0, len(numbers)], pa.int32()), numbers)})
    distance = DISTANCES[distance_type].format(base="v", query="q")
    with database.cursor() as cursor:
        cursor.register("_vector_listed", pa.Table.from_batches(batches, SCHEMA))
        cursor.register("_vector_query", query)
        try:
            found = cursor.execute(
                f"SELECT r, {distance} AS d FROM _vector_listed CROSS JOIN _vector_query"
            ).fetchnumpy()
        finally:
            cursor.unregister("_vector_listed")
            cursor.unregister("_vector_query")
    return np.asarray(found["r"], dtype=np.int64), np.asarray(found["d"], dtype=np.float64)


NOWHERE = _span(np.empty(0, dtype=np.int64))
PLACED_TYPE = pa.struct({"first": pa.int64(), "last": pa.int64(), "gaps": pa.list_(pa.int64())})
SCHEMA = pa.schema({"r": pa.int64(), "v": pa.list_(pa.float64())})


def _batch(look: Look, start: int, end: int) -> pa.RecordBatch:
    """The rows of a list with their vectors; not copied again where they lie side by side in the file."""
    places, vectors = look.places[start:end], look.source[2].vectors
    is_whole = places.size and places[-1] - places[0] == places.size - 1 and (np.diff(places) == 1).all()
    values = vectors[places[0] : places[-1] + 1] if is_whole else vectors[places]
    offsets = np.arange(0, values.size + 1, vectors.shape[1], dtype=np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.asarray(values).ravel()))
    return pa.RecordBatch.from_arrays([pa.array(look.rows[start:end]), lists], schema=SCHEMA)


def register(connection):
    """Add the function that searches with an index call to a DuckDB connection."""
    arguments = ["VARCHAR", "VARCHAR", "DOUBLE[]", "DOUBLE"]
    connection.create_function("_vector_nearby", _nearby, arguments, TYPE, type="arrow", side_effects=True)
