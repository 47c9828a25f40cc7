"""What a search adds up: a picture and words, each with a weight, negative for what is taken away."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import batched
from threading import Lock
from typing import Any, Final, NamedTuple

from vitrine.collection import Collection
from vitrine.errors import RefusedError
from vitrine.google.jobs import Parameter, float64, float64s, string, structs

# A vector of 1,408 numbers takes 11 kB.
MOST_KNOWN_WORDS: Final = 500
# Shares that words may have beside what a search starts from, as in an address.
WEIGHTS: Final = tuple(f"{number / 20:g}" for number in range(1, 20))
# With it "red" turns a white car into a red one of the same kind (docs/decisions/0017).
USUAL_WEIGHT: Final = "0.4"


class Term(NamedTuple):
    """Words and their weight."""

    words: str
    weight: float


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


class Terms(NamedTuple):
    """The words of a search: those whose vector is known, and those that the model must be asked for."""

    known: list[list[Parameter]]
    asked: list[Term]

    @classmethod
    def of(cls, collection: Collection, terms: Sequence[Term]) -> Terms:
        """Look every term up."""
        found = [(term, known_words.get(collection.model.id, term.words)) for term in terms]
        return cls(
            known=[
                [float64s("vector", vector), float64("weight", term.weight)]
                for term, vector in found
                if vector
            ],
            asked=[term for term, vector in found if not vector],
        )

    def parameters(self) -> list[Parameter]:
        """The parameters `known` and `asked`, if there are such terms."""
        asked = [[string("content", term.words), float64("weight", term.weight)] for term in self.asked]
        return [structs(name, rows) for name, rows in (("known", self.known), ("asked", asked)) if rows]

    def learn(self, collection: Collection, row: dict[str, Any]) -> None:
        """Remember the vectors that the first row of an answer brings.

        Errors: RefusedError if the model refused some of the words; the others are known then.
        """
        vectors = batched(row["words"], collection.model.dimension, strict=True)
        refused = []
        for term, status in zip(self.asked, row["statuses"], strict=True):
            if status:
                refused.append(f"“{term.words}” ({status})")
            else:
                known_words.add(collection.model.id, term.words, next(vectors))
        if refused:
            raise RefusedError(
                f"The model refused these words: {', '.join(refused)}. Change them, or try again."
            )
