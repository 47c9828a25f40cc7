"""The search page: search by words or by a picture, with one BigQuery job per search."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from vitrine import limits
from vitrine.collection import Collection
from vitrine.errors import InputError
from vitrine.google.bigquery import Answer, is_emulated
from vitrine.google.jobs import Parameter, float64, float64s, int64, model, string
from vitrine.search.gallery import MAX_PIXELS
from vitrine.search.params import MOST_IN_ALL, MOST_ON_PAGE
from vitrine.web import duplicates, own_picture, saved
from vitrine.web.ask import ask
from vitrine.web.chosen import ChosenCollection
from vitrine.web.matches import typical_distance, weaker_beyond
from vitrine.web.own_picture import PostedForm
from vitrine.web.pages import EXPECTED, HEADERS, explain, page
from vitrine.web.terms import USUAL_WEIGHT, WEIGHTS, Term, Terms, known_words
from vitrine.web.thumbnails import browser_address
from vitrine.web.typical import typical_pictures
from vitrine.web.wording import Negated, foreign_script, negated

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
# Words that one search may add or take away: each may be a call to the model.
MOST_TERMS = 8


@dataclass(frozen=True)
class Search:
    """A search as encoded in the URL of the page, so that it can be shared as a link.

    It starts from a picture (`like`, its URI) or from words. Words are added (`words` and `plus`) and taken
    away (`minus`) with the share `weight`; the other fields narrow it down. Not validated until `check`.
    """

    words: str = ""
    like: str = ""
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    weight: str = USUAL_WEIGHT
    own: bool = False  # starts from a person's own picture, which no address holds
    uri_prefix: str = ""
    kind: str = ""  # media type
    year: str = ""  # of the last change
    number: str = str(USUAL_NUMBER)
    after: str = "0"  # the rank of the last picture that is not shown again
    exact: bool = False

    @classmethod
    def read(cls, query: Iterable[tuple[str, str]]) -> Search:
        """The search in the pairs of a query string, in which q and minus may come several times.

        The others are like, weight, prefix, type, year, n, after and exact.
        """
        given: dict[str, list[str]] = {}
        for name, value in query:
            if text := value.strip():
                given.setdefault(name, []).append(text)
        words = given.get("q", [""])
        last = {name: values[-1] for name, values in given.items()}
        return cls(
            words=words[0],
            like=last.get("like", ""),
            plus=tuple(words[1:]),
            minus=tuple(given.get("minus", ())),
            weight=last.get("weight", USUAL_WEIGHT),
            uri_prefix=last.get("prefix", ""),
            kind=last.get("type", ""),
            year=last.get("year", ""),
            number=last.get("n", str(USUAL_NUMBER)),
            after=last.get("after", "0"),
            exact=last.get("exact") == "1",
        )

    def address(self, **changes: Any) -> str:
        """Relative URL of this search with some changes, without fields that have their default."""
        search = replace(self, **changes)
        pairs = {
            "q": [text for text in (search.words, *search.plus) if text],
            "like": search.like,
            "minus": search.minus,
            "weight": search.weight if search.is_weighted and search.weight != USUAL_WEIGHT else "",
            "prefix": search.uri_prefix,
            "type": search.kind,
            "year": search.year,
            "n": "" if search.number == str(USUAL_NUMBER) else search.number,
            "after": "" if search.after == "0" else search.after,
            "exact": "1" if search.exact else "",
        }
        return "?" + urlencode({name: value for name, value in pairs.items() if value}, doseq=True)

    def dropped(self, text: str) -> Search:
        """This search without these words, added or taken away, or without this folder, type or year."""
        added = tuple(words for words in (self.words, *self.plus) if words not in ("", text))
        return replace(
            self,
            words=added[0] if added else "",
            plus=added[1:],
            minus=tuple(words for words in self.minus if words != text),
            uri_prefix=self.uri_prefix if self.uri_prefix != text else "",
            kind=self.kind if self.kind != text else "",
            year=self.year if self.year != text else "",
        )

    @property
    def is_weighted(self) -> bool:
        """Whether the weight matters: words change a picture, or are taken away."""
        return bool(self.minus or (self.has_picture and self.words))

    @property
    def has_picture(self) -> bool:
        """Whether the search starts from a picture."""
        return bool(self.like or self.own)

    @property
    def terms(self) -> list[Term]:
        """The words of the search with their weights; those of a picture are 1 - weight, beside these."""
        change = float(self.weight)
        start = change if self.has_picture else 1 - change
        added = [Term(words, start) for words in (self.words, *self.plus) if words]
        return [*added, *(Term(words, -change) for words in self.minus)]

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """What is added and taken away besides the first words: sign, name in an address, words."""
        return [("+", "q", words) for words in self.plus] + [("−", "minus", words) for words in self.minus]

    @property
    def is_sum(self) -> bool:
        """Whether more than one vector is added up."""
        return self.own or len(self.terms) + bool(self.like) > 1

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self.words or self.has_picture or self.minus)

    def next_address(self, shown: int) -> str:
        """Relative URL of the pictures after the `shown` ones of this search; empty if there are none."""
        after = int(self.after) + shown
        number = min(NEXT_NUMBER, MOST_IN_ALL - after)
        if self.own or shown < int(self.number) or number <= 0:
            return ""
        return self.address(after=str(after), number=str(number))

    def check(self) -> None:
        """Validate the search before it is sent. Errors: InputError, which says what to do."""
        if self.weight not in WEIGHTS:
            raise InputError(
                f"The weight is {self.weight!r}: use {WEIGHTS[0]} to {WEIGHTS[-1]} in steps of 0.05."
            )
        self._check_terms([term.words for term in self.terms])
        if self.number not in NUMBERS:
            raise InputError(f"The number of pictures is {self.number!r}: use 1 to {MOST_ON_PAGE}.")
        if self.year and not re.fullmatch("[0-9]{4}", self.year):
            raise InputError(f"{self.year!r} is not a year: it has four digits.")
        if self.after not in RANKS or int(self.after) + int(self.number) > MOST_IN_ALL:
            raise InputError(f"A search shows {MOST_IN_ALL:,} pictures at most. Use other words.")
        for uri in filter(None, (self.like, self.uri_prefix)):
            if not uri.startswith("gs://"):
                raise InputError(
                    f"{uri!r} is not the URI of a picture or a folder: it must begin with gs://."
                )

    def _check_terms(self, terms: list[str]) -> None:
        size = max((len(words.encode()) for words in terms), default=0)
        if size > limits.MAX_QUERY_BYTES:
            raise InputError(
                f"These words are {size:,} bytes long; the model takes {limits.MAX_QUERY_BYTES:,} and reads "
                "only the first 32 tokens. Use fewer words."
            )
        if len(terms) > MOST_TERMS:
            raise InputError(f"These are {len(terms)} words to add or take away: use at most {MOST_TERMS}.")
        if self.minus and not (self.words or self.has_picture):
            raise InputError("Say what to take this away from: words, or a picture.")
        if len(set(terms)) < len(terms):
            raise InputError("The same words are there twice: each can be added or taken away once.")


class Note(NamedTuple):
    """What a person should know of the words, and the address of a better search, if there is one."""

    sentence: str
    offer: str = ""
    address: str = ""


def notes(collection: Collection, search: Search) -> list[Note]:
    """What the model cannot follow in the words of a search."""
    found = [
        _about_negation(search, words, negation)
        for words in filter(None, (search.words, *search.plus))
        if (negation := negated(words))
    ]
    if collection.model.endpoint in limits.ENGLISH_ONLY:
        scripts = {foreign_script(term.words) for term in search.terms} - {None}
        found += [
            Note(f"These words are in {script} letters, and the model reads English only.")
            for script in sorted(filter(None, scripts))
        ]
    return found


def _about_negation(search: Search, words: str, negation: Negated) -> Note:
    unwanted = " and ".join(f"“{part}”" for part in negation.unwanted)
    sentence = f"The model does not understand negation: it looks for {unwanted}, too."
    added = tuple(negation.wanted if text == words else text for text in (search.words, *search.plus))
    kept = tuple(filter(None, added))
    if not (kept or search.has_picture):
        return Note(f"{sentence} Say what it should be instead.")
    minus = tuple(dict.fromkeys([*search.minus, *negation.unwanted]))
    address = search.address(words=kept[0] if kept else "", plus=kept[1:], minus=minus)
    return Note(sentence, f"Take {unwanted} away instead", address)


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
    model_calls: int
    line: float | None  # pictures at a greater distance match less well; None if that is not known

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


def find(collection: Collection, search: Search, own: Sequence[float] = ()) -> Found:
    """Search in one BigQuery job. Errors: RefusedError, and see BigQuery.ask.

    :param own: the vector of a person's own picture, if the search starts from one.
    """
    terms = Terms.of(collection, search.terms)
    if own:
        terms.known.append([float64s("vector", own), float64("weight", 1 - float(search.weight))])
    names = {
        "uri_prefix": search.uri_prefix,
        "kind": search.kind,
        "year": search.year,
        "top_k": int(search.number),
        "after": int(search.after),
        "use_brute_force": search.exact or bool(search.kind or search.year),
    }
    parameters = [string("uri_prefix", search.uri_prefix)] if search.uri_prefix else []
    if search.kind:
        parameters.append(string("kind", search.kind))
    if search.year:
        parameters.append(int64("year", search.year))
    if search.like:
        parameters.append(string("like", search.like))
    if search.like and not search.terms:
        answer = ask(collection, "pages/search_by_image.sql", *parameters, **names)
    elif search.is_sum:
        answer = _add_up(collection, search, terms, parameters, names)
    else:
        answer = _by_text(collection, search.words, parameters, names)
    pictures = [
        Match(row["uri"], row["distance"], browser_address(collection, row["uri"])) for row in answer.rows
    ]
    return Found(pictures, answer, len(terms.asked), _line(collection, answer))


def _line(collection: Collection, answer: Answer) -> float | None:
    mean = typical_pictures.mean(collection)
    if not answer.rows or mean is None:
        return None
    first = answer.rows[0]
    return weaker_beyond(first["nearest"], typical_distance(first["vector"], mean))


def _by_text(
    collection: Collection, words: str, parameters: list[Parameter], names: dict[str, Any]
) -> Answer:
    vector = known_words.get(collection.model.id, words)
    query = string("query", words) if vector is None else float64s("words", vector)
    parameters = [*parameters, model(collection), query]
    answer = ask(collection, "pages/search_by_text.sql", *parameters, is_embedded=vector is not None, **names)
    if vector is None and answer.rows:
        known_words.add(collection.model.id, words, answer.rows[0]["vector"])
    return answer


def _add_up(
    collection: Collection, search: Search, terms: Terms, parameters: list[Parameter], names: dict[str, Any]
) -> Answer:
    parameters = [*parameters, model(collection), *terms.parameters()]
    if search.like:
        parameters.append(float64("like_weight", 1 - float(search.weight)))
    answer = ask(
        collection,
        "pages/search_by_terms.sql",
        *parameters,
        like=search.like,
        known=terms.known,
        asked=terms.asked,
        **names,
    )
    if answer.rows and terms.asked:
        terms.learn(collection, answer.rows[0])
    return answer


@router.get("/")
def search_page(request: Request, collection: ChosenCollection, later: BackgroundTasks) -> HTMLResponse:
    """The page, with results if the URL contains a search."""
    search = Search.read(request.query_params.multi_items())
    return _answer(collection, search, later)


@router.post("/")
def search_by_own_picture(
    form: PostedForm, collection: ChosenCollection, later: BackgroundTasks
) -> HTMLResponse:
    """The page with pictures like the one in the form, to which no address leads."""
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    search = replace(Search.read(texts).dropped(str(form.get("drop", ""))), own=True, like="")
    response = _answer(collection, search, later, form)
    policy = HEADERS["Content-Security-Policy"].replace("img-src 'self'", "img-src 'self' data:")
    response.headers["Content-Security-Policy"] = policy  # for the preview
    return response


def _answer(
    collection: Collection, search: Search, later: BackgroundTasks, form: FormData | None = None
) -> HTMLResponse:
    started = time.perf_counter()
    found, problem, picture = None, None, None
    folds: dict[str, list[Match]] = {}
    try:
        search.check()
        if form is not None:  # an empty one is false
            picture = own_picture.read(collection, form)
        if search.is_asked:
            groups = duplicates.known.groups(collection)
            found = find(collection, search, picture.numbers(collection) if picture else ())
            folds = duplicates.fold(found.pictures, groups.result())
        if found and picture:
            found = replace(found, model_calls=found.model_calls + picture.model_calls)
    except EXPECTED as error:
        problem = explain(error)
    else:
        later.add_task(typical_pictures.look_up, collection)
    later.add_task(own_picture.sweeper.look, collection)
    answer = page(
        "search.html",
        collection=collection,
        problem=problem,
        search=search,
        picture=picture,
        notes=notes(collection, search),
        found=found,
        folds=folds,
        saved=saved.saved(collection, "" if search.is_sum else search.words),
        next_address=search.next_address(len(found.pictures)) if found else "",
        next_number=NEXT_NUMBER,
        usual=str(USUAL_NUMBER),
        emulated=is_emulated(),
        milliseconds=int(1000 * (time.perf_counter() - started)),
        examples=EXAMPLES,
        usual_weight=USUAL_WEIGHT,
        weights=WEIGHTS,
        max_query_bytes=limits.MAX_QUERY_BYTES,
        max_mebibytes=own_picture.MOST_MEBIBYTES,
        max_megapixels=MAX_PIXELS // 10**6,
    )
    if found:
        # The browser's back button shows what it has, instead of paying for the same job again.
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer
