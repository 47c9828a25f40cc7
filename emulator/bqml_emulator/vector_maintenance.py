"""Builds and refreshes vector indexes in the background, as BigQuery does.

An index over 10 MB of table is trained once; its rows, and rows that come later, enter it one after another
over `index_build_seconds`. Below 10 MB nothing happens until the table grows.
"""

import logging
import threading
import time

import duckdb
import numpy as np
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.settings import settings

from bqml_emulator import faults, vector_catalog, vector_state
from bqml_emulator.vector_catalog import FOLDER, VectorIndex, table_name
from bqml_emulator.vector_lists import POINTS_PER_LIST, Lists, train

POLL_SECONDS = 1.0  # statements wake it at once, loads and streamed rows do not
PAUSE_SECONDS = 5.0  # after a failure, so that a lasting one does not flood the log
CHUNK_ROWS = 2048
log = logging.getLogger(__name__)
_wake = threading.Event()
_started = threading.Lock()


def start():
    """Start the maintenance of this process (once)."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_run, name="vector-index-maintenance", daemon=True).start()


def wake():
    """Look at the indexes now instead of at the next poll."""
    _wake.set()


def _run():
    seen: dict[str, tuple] = {}
    while True:
        _wake.wait(POLL_SECONDS)
        _wake.clear()
        try:
            _look(seen)
        except (duckdb.CatalogException, BigQueryError) as error:  # a table dropped meanwhile: look again
            log.debug("vector index maintenance: %s", error)
        except Exception:
            log.exception("vector index maintenance failed; it goes on")
            time.sleep(PAUSE_SECONDS)


def _look(seen: dict[str, tuple]):
    indexes = vector_catalog.everywhere()
    _tidy({index.id for index in indexes}, {index.path.name for index in indexes})
    for index in indexes:
        if not vector_catalog.has_table(index):
            vector_catalog.delete(index)
        elif (stamp := vector_state.stamp(index)) != seen.get(index.id):
            refresh(index)
            seen[index.id] = stamp


def _tidy(ids: set[str], files: set[str]):
    vector_state.forget(ids)
    for path in (settings.data_dir / FOLDER).glob("*.npz"):
        if path.name not in files:
            path.unlink(missing_ok=True)


def refresh(index: VectorIndex):
    """Bring the lists of an index up to the table, unless the table is too small."""
    table, now = vector_state.contents(index), time.time()
    if table.too_small:
        return
    built = vector_state.lists(index)
    if built is None or not _fits(index, built):
        built = train(_sample(index, table.rows), index.number_of_lists(table.rows), index.distance_type, now)
    kept = np.isin(built.hashes, table.hashes)
    new = np.setdiff1d(table.hashes, built.hashes, assume_unique=True)
    hashes, assigned = _assign(index, built, new)
    if kept.all() and not hashes.size:
        return
    share = np.arange(1, hashes.size + 1) / max(1, hashes.size)
    available_at = time.time() + faults.current().index_build_seconds * share
    vector_state.publish(index, built.changed(kept, hashes, assigned, available_at))


def _dimension(index: VectorIndex) -> int:
    """The dimension that most vectors of the table have."""
    [(dimension,)] = database.fetch(f"SELECT mode(len({quote(index.column)})) FROM {table_name(index)}")
    return dimension or 0


def _fits(index: VectorIndex, built: Lists) -> bool:
    return built.dimension == _dimension(index)


def _sample(index: VectorIndex, rows: int) -> np.ndarray:
    """Vectors to train with, FLOAT64 [n, dimension]: the same ones for the same table content."""
    count, column = POINTS_PER_LIST * index.number_of_lists(rows), quote(index.column)
    every = max(1, rows // count)
    with database.cursor() as cursor:
        chosen = cursor.sql(
            f"SELECT {column} AS v FROM {table_name(index)} "
            f"WHERE len({column}) = ? AND hash({column}) % ? = 0 ORDER BY hash({column})",
            params=[_dimension(index), every],
        ).to_arrow_table()["v"]
        return _matrix(chosen.combine_chunks(), _dimension(index))


def _matrix(vectors, dimension: int) -> np.ndarray:
    return vectors.flatten().to_numpy(zero_copy_only=False).reshape(-1, dimension)


def _assign(index: VectorIndex, built: Lists, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The list of every new vector: hashes UINT64 [n], lists INT64 [n]; others stay out."""
    if not new.size:
        return new, np.empty(0, dtype=np.int64)
    column = quote(index.column)
    hashes, assigned = [], []
    with database.cursor() as cursor:
        reader = cursor.sql(
            f"SELECT hash({column}) AS h, {column} AS v FROM {table_name(index)} WHERE len({column}) = ?",
            params=[built.dimension],
        ).to_arrow_reader(CHUNK_ROWS)
        for batch in reader:
            wanted = np.isin(batch["h"].to_numpy(), new)
            hashes.append(batch["h"].to_numpy()[wanted])
            assigned.append(built.nearest(_matrix(batch["v"], built.dimension)[wanted], 1)[:, 0])
    found, first = np.unique(np.concatenate(hashes), return_index=True)
    return found, np.concatenate(assigned)[first]
