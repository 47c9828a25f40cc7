"""What to write into the collections file so that a search is repeated after each night."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from vitrine.collection import Collection, file_of_collections

SEARCH_DAG: Final = "search_saved_queries"
WIDTH: Final = 10**6  # no line breaks within a query


@dataclass(frozen=True)
class Saved:
    """How a search becomes a saved query. `lines` is YAML; empty if it is one already."""

    lines: str
    file: str
    dag: str


def saved(collection: Collection, words: str) -> Saved | None:
    """How to save these words; None if there are none. Errors: SettingsError."""
    if not words:
        return None
    queries = collection.saved_queries
    lines = "" if words in queries else as_yaml(collection.name, [*queries, words])
    return Saved(lines, Path(file_of_collections()).name, collection.dag_id(SEARCH_DAG))


def as_yaml(collection: str, queries: list[str]) -> str:
    """The saved queries of a collection as they stand in the collections file.

    >>> print(as_yaml("met", ["a red car", "yes"]))
    collections:
      met:
        saved_queries:
        - a red car
        - 'yes'
    """
    document = {"collections": {collection: {"saved_queries": queries}}}
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=WIDTH)).rstrip("\n")
