"""The page Duplicates: pictures that are nearly the same, side by side; and what searches fold for them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from google.api_core.exceptions import NotFound

from vitrine.collection import Collection
from vitrine.google.jobs import float64, model
from vitrine.web.ask import ask
from vitrine.web.chosen import ChosenCollection
from vitrine.web.nights import EMBED_DAG
from vitrine.web.pages import EXPECTED, explain, page

router = APIRouter()
log = logging.getLogger(__name__)

# Pairs that are read at once, the nearest first.
MOST_PAIRS: Final = 10_000
GROUPS_ON_PAGE: Final = 100
# How long a process folds searches by the same pairs; a night changes them once.
KEPT_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Image:
    """An image as it was published. `size` is in bytes."""

    uri: str
    content_hash: str
    size: int | None
    updated: datetime | None

    @property
    def name(self) -> str:
        """Last part of the URI."""
        return self.uri.rsplit("/", 1)[-1]

    @property
    def mark(self) -> str:
        """What a person's mark is about: this content under this name."""
        return f"{self.content_hash} {self.uri}"


@dataclass(frozen=True)
class Pair:
    """Two images that are nearly the same, and the cosine distance of their vectors."""

    first: Image
    second: Image
    distance: float


@dataclass(frozen=True)
class Member:
    """An image in a group. `distance` is that to the nearest other of the group."""

    image: Image
    distance: float


@dataclass(frozen=True)
class Group:
    """Images that pairs connect, the largest file first: what was made smaller is rarely the original."""

    members: list[Member]

    @property
    def distance(self) -> float:
        """Distance of its nearest pair."""
        return min(member.distance for member in self.members)


@dataclass(frozen=True)
class Found:
    """All pairs that were read, and the number that there are."""

    pairs: list[Pair]
    matching: int


def find(collection: Collection) -> Found | None:
    """The nearest pairs. None if nobody has looked for any.

    Errors: see BigQuery.ask.
    """
    try:
        rows = ask(
            collection,
            "pages/select_duplicates.sql",
            model(collection),
            float64("duplicate_distance", collection.duplicate_distance),
            most=MOST_PAIRS,
        ).rows
    except NotFound as error:
        # A collection that an earlier version has set up gets the table from its next night.
        if collection.table_name("near_duplicates") in str(error):
            return None
        raise
    pairs = [_pair(row) for row in rows]
    return Found(pairs, rows[0]["matching"] if rows else 0)


def _pair(row: Mapping[str, Any]) -> Pair:
    first, second = (Image(**image) for image in row["images"])
    return Pair(first, second, row["distance"])


def connected(pairs: Iterable[Pair]) -> list[list[Image]]:
    """The images that pairs connect, directly or through others, in the order of their first pairs."""
    images: dict[str, Image] = {}
    leaders: dict[str, str] = {}

    def leader(uri: str) -> str:
        while leaders[uri] != uri:
            leaders[uri] = uri = leaders[leaders[uri]]
        return uri

    for pair in pairs:
        for image in (pair.first, pair.second):
            images.setdefault(image.uri, image)
            leaders.setdefault(image.uri, image.uri)
        leaders[leader(pair.second.uri)] = leader(pair.first.uri)
    groups: dict[str, list[Image]] = {}
    for uri, image in images.items():
        groups.setdefault(leader(uri), []).append(image)
    return list(groups.values())


def side_by_side(pairs: Sequence[Pair], uri_prefix: str) -> list[Group]:
    """The groups of which one image at least is below the prefix, with their distances."""
    nearest: dict[str, float] = {}
    for pair in pairs:
        for uri in (pair.first.uri, pair.second.uri):
            nearest[uri] = min(pair.distance, nearest.get(uri, pair.distance))
    groups = (sorted(group, key=lambda image: (-(image.size or 0), image.uri)) for group in connected(pairs))
    return [
        Group([Member(image, nearest[image.uri]) for image in group])
        for group in groups
        if any(image.uri.startswith(uri_prefix) for image in group)
    ]


@router.get("/duplicates")
def duplicates_page(request: Request, collection: ChosenCollection) -> HTMLResponse:
    """Groups of pictures that are nearly the same, nearest first. Marks are the browser's alone."""
    prefix = request.query_params.get("prefix", "").strip()
    # Whatever is no number, or too long for int(), is the first page.
    first = {str(number): number for number in range(0, MOST_PAIRS, GROUPS_ON_PAGE)}.get(
        request.query_params.get("from", ""), 0
    )
    found, problem = None, None
    try:
        found = find(collection)
    except EXPECTED as error:
        problem = explain(error)
    groups = side_by_side(found.pairs, prefix) if found else []
    return page(
        "duplicates.html",
        collection=collection,
        problem=problem,
        prefix=prefix,
        found=found,
        groups=groups[first : first + GROUPS_ON_PAGE],
        number=len(groups),
        first=first,
        later=f"duplicates?{urlencode({'prefix': prefix, 'from': first + GROUPS_ON_PAGE})}",
        earlier=f"duplicates?{urlencode({'prefix': prefix, 'from': max(0, first - GROUPS_ON_PAGE)})}",
        more=first + GROUPS_ON_PAGE < len(groups),
        most=MOST_PAIRS,
        dag=collection.dag_id(EMBED_DAG),
    )


class Known:
    """The groups by which a process folds searches, by collection: asked for beside a search, and kept."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="near-duplicates")
        self._asked: dict[str, tuple[float, Future[dict[str, int]]]] = {}

    def groups(self, collection: Collection) -> Future[dict[str, int]]:
        """The group of each image that has near-duplicates, a number by uri; none if they cannot be read."""
        key = f"{collection.table_id('near_duplicates')} {collection.duplicate_distance}"
        asked_at, answer = self._asked.get(key, (0.0, None))
        if answer is None or time.monotonic() - asked_at > KEPT_SECONDS:
            answer = self._pool.submit(_groups, collection)
            self._asked[key] = time.monotonic(), answer
        return answer

    def forget(self) -> None:
        """Ask again at once."""
        self._asked.clear()


known = Known()


def _groups(collection: Collection) -> dict[str, int]:
    try:
        found = find(collection)
    except EXPECTED as error:
        log.warning("Searches are not folded: %s", error)
        found = None
    groups = connected(found.pairs) if found else []
    return {image.uri: number for number, group in enumerate(groups) for image in group}


class HasUri(Protocol):
    """A picture that was found."""

    @property
    def uri(self) -> str:
        """Where it is."""


P = TypeVar("P", bound=HasUri)


def fold(pictures: Iterable[P], groups: Mapping[str, int]) -> dict[str, list[P]]:
    """The pictures to show, by uri, each with those of its group that come later.

    >>> from types import SimpleNamespace as Picture
    >>> pictures = [Picture(uri=name) for name in ("a", "copy", "b")]
    >>> {uri: len(folded) for uri, folded in fold(pictures, {"a": 0, "copy": 0}).items()}
    {'a': 1, 'b': 0}
    """
    shown: dict[str, list[P]] = {}
    heads: dict[int, str] = {}
    for picture in pictures:
        group = groups.get(picture.uri)
        if group is not None and heads.setdefault(group, picture.uri) != picture.uri:
            shown[heads[group]].append(picture)
        else:
            shown[picture.uri] = []
    return shown
