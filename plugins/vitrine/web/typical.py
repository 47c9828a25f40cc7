"""What is typical of a collection: the mean vector of its pictures, looked up by each process once a day."""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import Final

from vitrine.collection import Collection
from vitrine.google.bigquery import BigQuery
from vitrine.web.ask import ask
from vitrine.web.pages import EXPECTED

log = logging.getLogger(__name__)

KEPT_SECONDS: Final = 24 * 3600.0
# How long nobody asks again after a failure, so that a page does not ask with every search.
PAUSE_SECONDS: Final = 600.0
# Pictures that say what is typical: 225 MB of vectors of 1,408 numbers.
MOST_SAMPLED: Final = 20_000


class TypicalPictures:
    """The mean vector of each collection and model, as far as it is known."""

    def __init__(self) -> None:
        self._means: dict[tuple[str, str], list[float]] = {}
        self._until: dict[tuple[str, str], float] = {}
        self._lock = Lock()

    def mean(self, collection: Collection) -> list[float] | None:
        """The mean of the pictures' vectors, each made of length 1; None as long as it is not known."""
        return self._means.get(_key(collection))

    def look_up(self, collection: Collection) -> None:
        """Ask BigQuery for the mean where it is not known, or a day old. Errors: none, they are logged."""
        key = _key(collection)
        with self._lock:
            if self._until.get(key, 0.0) > time.monotonic():
                return
            self._until[key] = time.monotonic() + PAUSE_SECONDS
        try:
            mean = _ask(collection)
        except EXPECTED as error:
            log.warning("What is typical of %s is not known: %s", collection.name, error)
            return
        if mean:
            self._means[key] = mean
            self._until[key] = time.monotonic() + KEPT_SECONDS


typical_pictures = TypicalPictures()


def _key(collection: Collection) -> tuple[str, str]:
    return collection.table_id("image_embeddings"), collection.model.id


def _ask(collection: Collection) -> list[float]:
    table = collection.table_id("image_embeddings")
    rows = BigQuery.of(collection).table_size(table, someone_waits=True).rows
    percent = 100 * MOST_SAMPLED / rows if rows > MOST_SAMPLED else None
    [row] = ask(collection, "pages/select_typical.sql", percent=percent).rows
    return row["mean"] or []
