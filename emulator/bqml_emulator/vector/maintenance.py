"""Builds and refreshes vector indexes in the background, as BigQuery does.

An index over 10 MB of table is trained once; its rows, and rows that come later, enter it one after another
over `index_build_seconds`. Below 10 MB nothing happens until the table grows, and an index that is pending
disablement is left as it is.
"""

import logging
import threading
import time

import duckdb
from local_bigquery.errors import BigQueryError
from local_bigquery.settings import settings

from bqml_emulator.vector import build, catalog, conditions, contents, copies, rebuild, state
from bqml_emulator.vector.catalog import FOLDER, VectorIndex

POLL_SECONDS = 1.0  # statements wake it at once, loads and streamed rows do not
PAUSE_SECONDS = 5.0  # after a failure, so that a lasting one does not flood the log
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
    indexes = catalog.everywhere()
    _tidy({index.id for index in indexes}, {index.path.name for index in indexes})
    for index in indexes:
        if catalog.has_table(index):
            _attend(index, seen)
        else:
            catalog.delete(index)


def _tidy(ids: set[str], files: set[str]):
    state.forget(ids)
    contents.forget(ids)
    copies.tidy(ids, files)
    for path in (settings.data_dir / FOLDER).glob("*.npz"):
        if path.name not in files:
            path.unlink(missing_ok=True)


def _attend(index: VectorIndex, seen: dict[str, tuple]):
    found = conditions.condition(index)
    now = (contents.stamp(index), found.state)
    if now != seen.get(index.id):
        if found.state == conditions.ACTIVE:
            refresh(index)
        elif found.code == "BASE_TABLE_TOO_LARGE":
            state.discard(index)
        seen[index.id] = now
    if rebuild.advance(index, found):
        seen.pop(index.id, None)  # rows may have come since the shadow index was last brought up to the table


def refresh(index: VectorIndex):
    """Bring the lists of an index up to the table, unless the table is too small."""
    if contents.contents(index).too_small:
        return
    changed = build.updated(index, state.lists(index))
    if built := changed or state.lists(index):
        copies.copy(index, built)
    if changed:
        state.publish(index, changed)
