"""The SQL functions of a search by index: the nearest rows of the probed lists.

    _vector_look(key, rows)                                          STRUCT(number, others)
    _vector_nearby(number, distance type, vector, fraction, top_k)   STRUCT(r, d)

Which row is in which list is known from the last look at the table (`contents`), so no vector is hashed, and
the distances are DuckDB's own, of copies of the vectors (`copies`). A search says first which rows it may
find, as its transaction and its filter see them. `others` are those of them that are in no list, or came
after the look: they are compared in the table itself. So is everything when the answer for a vector is NULL:
something is odd about it, for which BigQuery has an error, or lists or copies are gone.

DuckDB computes the distances of those pairs only that may be wanted (`candidates`).
"""

import itertools
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from local_bigquery.engine import database

from bqml_emulator.engine import catalog_lookups
from bqml_emulator.vector import candidates, copies, state
from bqml_emulator.vector.candidates import CANDIDATE, Candidates
from bqml_emulator.vector.catalog import VectorIndex
from bqml_emulator.vector.contents import Contents, contents
from bqml_emulator.vector.copies import Copies
from bqml_emulator.vector.lists import Lists

DISTANCES = {
    "EUCLIDEAN": "list_distance({base}, {query})",
    "COSINE": "list_cosine_distance({base}, {query})",
    "DOT_PRODUCT": "-list_inner_product({base}, {query})",  # ours: smaller is nearer
}
SEEN = "STRUCT(number BIGINT, others BIGINT[])"
NEAR = "STRUCT(r BIGINT[], d DOUBLE[])"
SEARCHES = 64  # that are remembered; one that is forgotten too early compares every row
NO_ROW = [-1]  # instead of none: DuckDB reads 2,048 vectors before it sees that it has none to look for
UNKNOWN = -1  # number of a search whose lists are gone
PORTION_BYTES = 16_000_000  # of vectors that are copied for DuckDB at a time


@dataclass(frozen=True)
class Look:
    """Where the rows of a table were at one moment.

    rows and places: INT64 [n] row numbers list by list, and where the vector of each is among the copies;
    starts: INT64 [lists + 1] the first of each list in them; is_placed: BOOL by row number.
    """

    source: tuple[Contents, Lists, Copies, int]
    rows: np.ndarray
    places: np.ndarray
    starts: np.ndarray
    is_placed: np.ndarray


@dataclass(frozen=True)
class Search:
    """What one search sees of a look; is_found: BOOL [n], which of its rows the search may find."""

    look: Look
    is_found: np.ndarray

    @property
    def copied(self) -> np.ndarray:
        """FLOAT64 [copies, dimension]; OSError or ValueError when they are gone."""
        return self.look.source[2].vectors

    def of_list(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Row numbers, and places among the copies, of the rows of a list that may be found."""
        part = slice(self.look.starts[number], self.look.starts[number + 1])
        is_found = self.is_found[part]
        if is_found.all():
            return self.look.rows[part], self.look.places[part]
        return self.look.rows[part][is_found], self.look.places[part][is_found]


_numbers = itertools.count()
_latest: dict[str, Look] = {}
_searches: OrderedDict[int, Search] = OrderedDict()
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
    is_placed = np.zeros(rows.max(initial=-1) + 1, dtype=bool)
    is_placed[rows] = True
    return Look(source, rows, places[listed], starts, is_placed)


def _looked(keys: pa.ChunkedArray, rows: pa.ChunkedArray) -> pa.Array:
    found = [_seen(key.as_py(), visible.values) for key, visible in zip(keys, rows, strict=True)]
    return pa.array(found, pa.struct({"number": pa.int64(), "others": pa.list_(pa.int64())}))


def _seen(key: str, visible: pa.Array) -> dict[str, int | np.ndarray | list[int]]:
    """A number for a search that may find these rows, and which of them are in no list."""
    planned = state.by_key(key)
    if planned is None:
        return {"number": UNKNOWN, "others": NO_ROW}
    look, rows = _look(*planned), visible.to_numpy()
    within = rows[rows < look.is_placed.size]  # rows that are not committed yet have the highest numbers
    is_visible = np.zeros_like(look.is_placed)
    is_visible[within] = True
    others = np.concatenate([within[~look.is_placed[within]], rows[rows >= look.is_placed.size]])
    with _lock:
        number = next(_numbers)
        _searches[number] = Search(look, is_visible[look.rows])
        if len(_searches) > SEARCHES:
            _searches.popitem(last=False)
    return {"number": number, "others": others if others.size else NO_ROW}


def _nearby(
    numbers: pa.ChunkedArray,
    kinds: pa.ChunkedArray,
    vectors: pa.ChunkedArray,
    fractions: pa.ChunkedArray,
    most: pa.ChunkedArray,
) -> pa.Array:
    """The nearest rows of each vector; all other arguments are those of the search, the same in each row."""
    search = _searches.get(numbers[0].as_py())
    usable = _usable(vectors, search)
    found, distances, odd = np.empty(0, CANDIDATE), np.empty(0), usable
    if search is not None and usable.size:
        matrix = pc.list_flatten(vectors.take(usable)).to_numpy().reshape(usable.size, -1)
        try:
            compared = _compared(search, matrix, fractions[0].as_py(), kinds[0].as_py(), most[0].as_py())
            found, odd = candidates.nearest(compared, most[0].as_py()), usable[compared.odd]
            distances = _distances(found, search.copied, matrix, kinds[0].as_py())
        except (OSError, ValueError):  # the copies were deleted meanwhile
            found, distances, odd = found[:0], distances[:0], usable
    is_null = np.ones(len(vectors), dtype=bool)
    is_null[usable] = False
    is_null[odd] = True
    offsets = pa.array(np.searchsorted(usable[found["id"]], np.arange(len(vectors) + 1)), pa.int32())
    columns = [pa.ListArray.from_arrays(offsets, pa.array(values)) for values in (found["row"], distances)]
    return pa.StructArray.from_arrays(columns, ["r", "d"], mask=pa.array(is_null))


def _usable(vectors: pa.ChunkedArray, search: Search | None) -> np.ndarray:
    """The positions of the vectors that can be looked for in the lists, INT64."""
    dimension = search.look.source[1].dimension if search else None
    fits = [len(vector) == dimension and not vector.values.null_count for vector in vectors]
    return np.flatnonzero(fits)


def _compared(search: Search, vectors: np.ndarray, fraction: float, kind: str, most: int) -> Candidates:
    """The candidates of all vectors, by their positions, in the lists that each probes."""
    probed = search.look.source[1].probe(vectors, fraction)
    parts = []
    for number in np.unique(probed):
        rows, places = search.of_list(number)
        ids = np.flatnonzero((probed == number).any(axis=1))
        listed = _at(search.copied, places)
        parts.append(candidates.of_list(rows, places, listed, ids, vectors[ids], kind, most))
    return candidates.together(parts)


def _at(vectors: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The vectors at these places; not copied where they lie side by side in the file."""
    is_whole = places.size and places[-1] - places[0] == places.size - 1 and (np.diff(places) == 1).all()
    return np.asarray(vectors[places[0] : places[-1] + 1] if is_whole else vectors[places])


def _distances(found: np.ndarray, copied: np.ndarray, vectors: np.ndarray, kind: str) -> np.ndarray:
    """DuckDB's distance of each candidate, FLOAT64 [n]."""
    distances = np.empty(found.size)
    sql = f"SELECT n, {DISTANCES[kind].format(base='v', query='q')} AS d FROM _vector_pairs"
    portion = max(1, PORTION_BYTES // vectors[:1].nbytes)
    with database.cursor() as cursor:
        for start in range(0, found.size, portion):
            part = found[start : start + portion]
            columns = {"v": _column(copied[part["place"]]), "q": _column(vectors[part["id"]])}
            cursor.register("_vector_pairs", pa.table({"n": np.arange(start, start + part.size)} | columns))
            computed = cursor.execute(sql).fetchnumpy()
            distances[computed["n"]] = computed["d"]
            cursor.unregister("_vector_pairs")
    return distances


def _column(vectors: np.ndarray) -> pa.ListArray:
    offsets = np.arange(0, vectors.size + 1, vectors.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.asarray(vectors).ravel()))


def register(connection):
    """Add the functions that searches with an index call to a DuckDB connection."""
    functions = {
        "_vector_look": (_looked, ["VARCHAR", "BIGINT[]"], SEEN),
        "_vector_nearby": (_nearby, ["BIGINT", "VARCHAR", "DOUBLE[]", "DOUBLE", "BIGINT"], NEAR),
    }
    for name, (function, arguments, result) in functions.items():
        connection.create_function(name, function, arguments, result, type="arrow", side_effects=True)
