"""Builds and refreshes vector indexes in the background, as BigQuery does.

An index over 10 MB of table is trained once; its rows, and rows that come later, enter it one after another
over `index_build_seconds`. Below 10 MB nothing happens until the table grows.
"""

import logging
import threading
import time
from collections.abc import Iterator

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


def _vectors(index: VectorIndex, dimension: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The table's vectors of one dimension, in portions: UINT64 [n] hashes, FLOAT32 [n, dimension]."""
    column = quote(index.column)
    sql = f"SELECT hash({column}) AS h, {column} AS v FROM {table_name(index)} WHERE len({column}) = ?"
    with database.cursor() as cursor:
        for batch in cursor.sql(sql, params=[dimension]).to_arrow_reader(CHUNK_ROWS):
            values = batch["v"].flatten().to_numpy(zero_copy_only=False)
            yield batch["h"].to_numpy(), values.reshape(-1, dimension).astype(np.float32)


def _sample(index: VectorIndex, rows: int) -> np.ndarray:
    """Vectors to train with, FLOAT32 [n, dimension]: the same ones in the same order for the same content."""
    every = np.uint64(max(1, rows // (POINTS_PER_LIST * index.number_of_lists(rows))))
    hashes, vectors = [], []
    for portion, values in _vectors(index, _dimension(index)):
        chosen = portion % every == 0
        hashes.append(portion[chosen])
        vectors.append(values[chosen])
    return np.concatenate(vectors)[np.argsort(np.concatenate(hashes), kind="stable")]


def _assign(index: VectorIndex, built: Lists, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The list of every new vector: UINT64 [n] hashes, INT64 [n] lists; not those of another dimension."""
    hashes, assigned = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.int64)]
    for portion, values in _vectors(index, built.dimension) if new.size else ():
        wanted = np.isin(portion, new)
        hashes.append(portion[wanted])
        assigned.append(built.nearest(values[wanted], 1)[:, 0])
    found, first = np.unique(np.concatenate(hashes), return_index=True)
    return found, np.concatenate(assigned)[first]
