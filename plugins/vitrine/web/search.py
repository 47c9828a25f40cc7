"""The search page: search by words or by a picture, with one BigQuery job per search."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from vitrine import limits
from vitrine.collection import Collection
from vitrine.errors import InputError
from vitrine.google.bigquery import Answer, is_emulated
from vitrine.google.jobs import float64s, model, string
from vitrine.search.params import MOST_IN_ALL, MOST_ON_PAGE
from vitrine.web import duplicates, saved
from vitrine.web.ask import ask
from vitrine.web.chosen import ChosenCollection
from vitrine.web.pages import EXPECTED, explain, page
from vitrine.web.thumbnails import browser_address

router = APIRouter()

EXAMPLES = (
    "pictures of white or cream colored dress from victorian era",
    "a red car",
    "a castle with towers",
    "a fish",
    "a tool with a wooden handle",
)
USUAL_NUMBER = 24
# As strings, so that input that is not a number, or too long for int(), simply does not match.
NUMBERS = {str(number) for number in range(1, MOST_ON_PAGE + 1)}
RANKS = {str(rank) for rank in range(MOST_IN_ALL)}
# More than at first, because each time is a job, and a job is billed for all that it compares.
NEXT_NUMBER = 96
# A vector of 1,408 numbers takes 11 kB.
MOST_KNOWN_WORDS = 500


@dataclass(frozen=True)
class Search:
    """A search as encoded in the URL of the page, so that it can be shared as a link.

    It looks for `words` or for pictures like `like` (a URI); the other fields narrow it down. Not validated
    until `check`.
    """

    words: str = ""
    like: str = ""
    uri_prefix: str = ""
    number: str = str(USUAL_NUMBER)
    after: str = "0"  # the rank of the last picture that is not shown again
    exact: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Search:
        """The search in a query string: q, like, prefix, n, after, exact."""
        words = query.get("q", "").strip()
        return cls(
            words=words,
            like="" if words else query.get("like", "").strip(),
            uri_prefix=query.get("prefix", "").strip(),
            number=query.get("n", "").strip() or str(USUAL_NUMBER),
            after=query.get("after", "").strip() or "0",
            exact=query.get("exact") == "1",
        )

    def address(self, **changes: Any) -> str:
        """Relative URL of this search with some changes, without fields that have their default."""
        search = replace(self, **changes)
        pairs = {
            "q": search.words,
            "like": search.like,
            "prefix": search.uri_prefix,
            "n": "" if search.number == str(USUAL_NUMBER) else search.number,
            "after": "" if search.after == "0" else search.after,
            "exact": "1" if search.exact else "",
        }
        return "?" + urlencode({name: value for name, value in pairs.items() if value})

    def next_address(self, shown: int) -> str:
        """Relative URL of the pictures after the `shown` ones of this search; empty if there are none."""
        after = int(self.after) + shown
        number = min(NEXT_NUMBER, MOST_IN_ALL - after)
        if shown < int(self.number) or number <= 0:
            return ""
        return self.address(after=str(after), number=str(number))

    def check(self) -> None:
        """Validate the search before it is sent. Errors: InputError, which says what to do."""
        size = len(self.words.encode())
        if size > limits.MAX_QUERY_BYTES:
            raise InputError(
                f"These words are {size:,} bytes long; the model takes {limits.MAX_QUERY_BYTES:,} and reads "
                "only the first 32 tokens. Use fewer words."
            )
        if self.number not in NUMBERS:
            raise InputError(f"The number of pictures is {self.number!r}: use 1 to {MOST_ON_PAGE}.")
        if self.after not in RANKS or int(self.after) + int(self.number) > MOST_IN_ALL:
            raise InputError(f"A search shows {MOST_IN_ALL:,} pictures at most. Use other words.")
        for uri in filter(None, (self.like, self.uri_prefix)):
            if not uri.startswith("gs://"):
                raise InputError(
                    f"{uri!r} is not the URI of a picture or a folder: it must begin with gs://."
                )


class KnownWords:
    """Cache of the vectors of search words, by model and words; drops the oldest first."""

    def __init__(self) -> None:
        self._vectors: dict[tuple[str, str], array[float]] = {}
        self._lock = Lock()

    def get(self, model: str, words: str) -> array[float] | None:
        """The vector of these words, or None."""
        return self._vectors.get((model, words))

    def add(self, model: str, words: str, vector: Iterable[float]) -> None:
        """Remember a vector."""
        with self._lock:
            self._vectors[model, words] = array("d", vector)
            if len(self._vectors) > MOST_KNOWN_WORDS:
                del self._vectors[next(iter(self._vectors))]


known_words = KnownWords()


@dataclass(frozen=True)
class Match:
    """One result on the page."""

    uri: str
    distance: float
    address: str

    @property
    def name(self) -> str:
        """Last part of the URI."""
        return self.uri.rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        """The URI without the name."""
        return self.uri.removesuffix(self.name)


@dataclass(frozen=True)
class Found:
    """The results of a search, and what it cost."""

    pictures: list[Match]
    answer: Answer
    model_called: bool

    @property
    def index_use(self) -> str:
        """Whether the vector index was used, and BigQuery's reason if not."""
        return index_use(self._vector_search)

    @property
    def used_index(self) -> bool:
        """Whether there is a vector index that this search used, at least in part."""
        return self._vector_search.get("indexUsageMode") in ("FULLY_USED", "PARTIALLY_USED")

    @property
    def _vector_search(self) -> Mapping[str, Any]:
        return self.answer.statistics["query"].get("vectorSearchStatistics", {})  # type: ignore[no-any-return]


def index_use(statistics: Mapping[str, Any]) -> str:
    """VectorSearchStatistics as a sentence.

    >>> index_use({"indexUsageMode": "FULLY_USED"})
    'The vector index was used.'
    """
    use = {
        "FULLY_USED": "The vector index was used.",
        "PARTIALLY_USED": "The vector index was used in part.",
        "UNUSED": "Every picture was compared.",
    }.get(statistics.get("indexUsageMode", ""), "BigQuery does not say whether the vector index was used.")
    return " ".join([use, *(reason["message"] for reason in statistics.get("indexUnusedReasons", ()))])


def find(collection: Collection, search: Search) -> Found:
    """Search in one BigQuery job. Errors: see BigQuery.ask."""
    vector = known_words.get(collection.model.id, search.words)
    names = {
        "uri_prefix": search.uri_prefix,
        "top_k": int(search.number),
        "after": int(search.after),
        "use_brute_force": search.exact,
    }
    prefix = [string("uri_prefix", search.uri_prefix)] if search.uri_prefix else []
    if search.like:
        parameters = [string("like", search.like)]
        answer = ask(collection, "pages/search_by_image.sql", *prefix, *parameters, **names)
    else:
        words = string("query", search.words) if vector is None else float64s("words", vector)
        parameters = [*prefix, model(collection), words]
        names["is_embedded"] = vector is not None
        answer = ask(collection, "pages/search_by_text.sql", *parameters, **names)
        if vector is None and answer.rows:
            known_words.add(collection.model.id, search.words, answer.rows[0]["words"])
    pictures = [
        Match(row["uri"], row["distance"], browser_address(collection, row["uri"])) for row in answer.rows
    ]
    return Found(pictures, answer, model_called=bool(search.words) and vector is None)


@router.get("/")
def search_page(request: Request, collection: ChosenCollection) -> HTMLResponse:
    """The page, with results if the URL contains a search."""
    started = time.perf_counter()
    search, found, problem = Search.read(request.query_params), None, None
    folds: dict[str, list[Match]] = {}
    try:
        search.check()
        if search.words or search.like:
            groups = duplicates.known.groups(collection)
            found = find(collection, search)
            folds = duplicates.fold(found.pictures, groups.result())
    except EXPECTED as error:
        problem = explain(error)
    answer = page(
        "search.html",
        collection=collection,
        problem=problem,
        search=search,
        found=found,
        folds=folds,
        saved=saved.saved(collection, search.words),
        next_address=search.next_address(len(found.pictures)) if found else "",
        next_number=NEXT_NUMBER,
        usual=str(USUAL_NUMBER),
        emulated=is_emulated(),
        milliseconds=int(1000 * (time.perf_counter() - started)),
        examples=EXAMPLES,
        max_query_bytes=limits.MAX_QUERY_BYTES,
    )
    if found:
        # The browser's back button shows what it has, instead of paying for the same job again.
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer
