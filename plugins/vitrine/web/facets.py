"""What there is to search: folders, media types and years with their counts, asked once in a few minutes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from vitrine.collection import Collection
from vitrine.google.jobs import string
from vitrine.web.ask import ask
from vitrine.web.chosen import ChosenCollection
from vitrine.web.pages import page
from vitrine.web.search import Search

router = APIRouter()

MOST_VALUES: Final = 50  # of a facet
KEPT_SECONDS: Final = 300.0
MOST_KEPT: Final = 200


class Count(NamedTuple):
    """A value of a facet, and the address of the search that it narrows."""

    text: str
    images: int
    address: str


@dataclass(frozen=True)
class Facet:
    """One way to narrow a search."""

    title: str
    counts: list[Count]


class Counts:
    """The counts of each collection and prefix, kept for a few minutes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[float, list[dict[str, Any]]]] = {}
        self._lock = Lock()

    def below(self, collection: Collection, prefix: str) -> list[dict[str, Any]]:
        """Rows of pages/count_facets.sql. Errors: see BigQuery.ask."""
        key = collection.table_id("image_embeddings"), prefix
        until, rows = self._kept.get(key, (0.0, []))
        if until > time.monotonic():
            return rows
        sql, parameter = "pages/count_facets.sql", string("uri_prefix", prefix)
        rows = ask(collection, sql, parameter, most=MOST_VALUES).rows
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = time.monotonic() + KEPT_SECONDS, rows
            if len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return rows


counts = Counts()


def root(collection: Collection, prefix: str) -> str:
    """The folder whose parts are counted: that of the search, or all that the collection has."""
    buckets = collection.buckets
    return prefix or (f"gs://{buckets[0]}/" if len(buckets) == 1 else "gs://")


def facets(search: Search, folder: str, rows: Iterable[dict[str, Any]]) -> list[Facet]:
    """The facets that narrow a search: those with more than one value, and folders."""
    found: dict[str, list[Count]] = {"folder": [], "type": [], "year": []}
    for row in rows:
        value = row["value"]
        change = {
            "folder": {"uri_prefix": folder + value},
            "type": {"kind": value},
            "year": {"year": value},
        }[row["facet"]]
        found[row["facet"]].append(Count(value, row["images"], search.address(**change)))
    titles = {"folder": f"Folders in {folder}", "type": "Media types", "year": "Last changed in"}
    return [Facet(titles[name], values) for name, values in found.items() if len(values) > (name != "folder")]


@router.get("/facets")
def facets_fragment(request: Request, collection: ChosenCollection) -> HTMLResponse:
    """Part of the search page, loaded when somebody opens it."""
    search = Search.read(request.query_params.multi_items())
    search.check()
    folder = root(collection, search.uri_prefix)
    found = facets(search, folder, counts.below(collection, folder))
    return page("search/facet_counts.html", facets=found, folder=folder)
