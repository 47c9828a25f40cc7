"""Trains and extends the lists of an index from what its table holds."""

import dataclasses
import time
from collections.abc import Iterator

import numpy as np
from local_bigquery.engine import database
from local_bigquery.engine.database import quote

from bqml_emulator.core import faults
from bqml_emulator.vector.catalog import VectorIndex, table_name
from bqml_emulator.vector.contents import Contents, contents
from bqml_emulator.vector.lists import POINTS_PER_LIST, Lists, train

CHUNK_ROWS = 2048


def updated(index: VectorIndex, built: Lists | None) -> Lists | None:
    """The lists brought up to the table, trained first if there are none; None when nothing changed.

    New entries become available one after another over `index_build_seconds`.
    """
    table, now = contents(index), time.time()
    trained = built is None or not _fits(index, built)
    if trained:
        built = train(_sample(index, table.rows), index.number_of_lists(table.rows), index.distance_type, now)
    kept = np.isin(built.hashes, table.hashes)
    new = np.setdiff1d(table.hashes, built.hashes, assume_unique=True)
    hashes, assigned = _assign(index, built, new)
    if kept.all() and not hashes.size and not trained:
        return None
    share = np.arange(1, hashes.size + 1) / max(1, hashes.size)
    available_at = time.time() + faults.current().index_build_seconds * share
    result = built.changed(kept, hashes, assigned, available_at)
    return dataclasses.replace(result, trained_rows=occupancy(result, table)) if trained else result


def occupancy(built: Lists, table: Contents) -> np.ndarray:
    """How many of the table's rows are in each list, available or not, FLOAT64 [lists]."""
    lists = built.lists_of(table.hashes, np.inf)
    known = lists >= 0
    return np.bincount(lists[known], weights=table.counts[known], minlength=len(built.centroids))


def indexed_rows(built: Lists | None, table: Contents, now: float) -> int:
    """How many of the table's rows searches find in the lists at `now`."""
    return 0 if built is None else int(table.counts[built.lists_of(table.hashes, now) >= 0].sum())


def percentage(indexed: int, table: Contents) -> int:
    """coverage_percentage: rounded down, so that 100 means every row."""
    return 100 * indexed // table.rows if table.rows else 0


def coverage(built: Lists | None, table: Contents, now: float) -> int:
    """The percentage of the table's rows that searches find in the lists at `now`."""
    return percentage(indexed_rows(built, table, now), table)


def _dimension(index: VectorIndex) -> int:
    """The dimension that most vectors of the table have."""
    [(dimension,)] = database.fetch(f"SELECT mode(len({quote(index.column)})) FROM {table_name(index)}")
    return dimension or 0


def _fits(index: VectorIndex, built: Lists) -> bool:
    return built.dimension == _dimension(index)


def vectors(index: VectorIndex, dimension: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The table's vectors of one dimension, in portions: UINT64 [n] hashes, FLOAT64 [n, dimension]."""
    column = quote(index.column)
    sql = f"SELECT hash({column}) AS h, {column} AS v FROM {table_name(index)} WHERE len({column}) = ?"
    with database.cursor() as cursor:
        for batch in cursor.sql(sql, params=[dimension]).to_arrow_reader(CHUNK_ROWS):
            values = batch["v"].flatten().to_numpy(zero_copy_only=False)
            yield batch["h"].to_numpy(), values.reshape(-1, dimension).astype(np.float64, copy=False)


def _sample(index: VectorIndex, rows: int) -> np.ndarray:
    """Vectors to train with, FLOAT32 [n, dimension]: the same ones in the same order for the same content."""
    every = np.uint64(max(1, rows // (POINTS_PER_LIST * index.number_of_lists(rows))))
    hashes, sample = [], []
    for portion, values in vectors(index, _dimension(index)):
        chosen = portion % every == 0
        hashes.append(portion[chosen])
        sample.append(values[chosen].astype(np.float32))
    return np.concatenate(sample)[np.argsort(np.concatenate(hashes), kind="stable")]


def _assign(index: VectorIndex, built: Lists, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The list of every new vector: UINT64 [n] hashes, INT64 [n] lists; not those of another dimension."""
    hashes, assigned = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.int64)]
    for portion, values in vectors(index, built.dimension) if new.size else ():
        wanted = np.isin(portion, new)
        hashes.append(portion[wanted])
        assigned.append(built.nearest(values[wanted].astype(np.float32), 1)[:, 0])
    found, first = np.unique(np.concatenate(hashes), return_index=True)
    return found, np.concatenate(assigned)[first]
