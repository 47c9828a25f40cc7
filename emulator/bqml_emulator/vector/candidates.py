"""Which rows of a list may be the nearest, by matrix products.

They take a twentieth of the time of DuckDB's distances, but differ from them in the last digits. So each row
has a lowest and a highest value that its distance, or what orders rows as it does, may have.
"""

from dataclasses import dataclass

import numpy as np

CANDIDATE = np.dtype(
    [("id", "i8"), ("row", "i8"), ("place", "i8"), ("lowest", "f8"), ("highest", "f8")]
)  # a vector, by its number, and a row, by its number and by the place of its vector among the copies
MARGIN = 1e-9  # of the product of two lengths; the error of 4,096 products is below 1e-12 of it
FEW = 4
LEAST_SQUARE, MOST_SQUARE = 1e-200, 1e200  # beyond, digits are lost


@dataclass(frozen=True)
class Candidates:
    """CANDIDATE [n], and the numbers of the vectors whose distances must all be computed."""

    found: np.ndarray
    odd: np.ndarray


def of_list(
    rows: np.ndarray,
    places: np.ndarray,
    listed: np.ndarray,
    ids: np.ndarray,
    vectors: np.ndarray,
    kind: str,
    most: int,
) -> Candidates:
    """Of the rows of a list those that may be among the `most` nearest to each vector; all if it is negative.

    listed: FLOAT64 [rows, dimension]; ids and vectors: INT64 [n] and FLOAT64 [n, dimension]; kind: that of
    the distance.
    """
    listed_squares, squares = _squares(listed), _squares(vectors)
    is_odd = _odd(squares) | _odd(listed_squares).any()
    ids, vectors, squares, odd = ids[~is_odd], vectors[~is_odd], squares[~is_odd], ids[is_odd]
    if not ids.size or not rows.size:
        return Candidates(np.empty(0, CANDIDATE), odd)
    values, margins = _values(_products(vectors, listed), squares[:, None], listed_squares, kind)
    bounds = np.full((len(ids), 1), np.inf)
    if 0 <= most < rows.size:
        bounds = np.partition(values, most - 1, axis=1)[:, most - 1 : most] + 2 * margins
    which, at = np.nonzero(values <= bounds)
    found = np.empty(which.size, CANDIDATE)
    found["id"], found["row"], found["place"] = ids[which], rows[at], places[at]
    found["lowest"] = values[which, at] - margins[which, 0]
    found["highest"] = values[which, at] + margins[which, 0]
    return Candidates(found, odd)


def _products(vectors: np.ndarray, listed: np.ndarray) -> np.ndarray:
    if len(vectors) < FEW:  # threads of a matrix product would wait for each other longer than this takes
        return np.vecdot(vectors[:, None], listed)
    return vectors @ listed.T


def _squares(vectors: np.ndarray) -> np.ndarray:
    return np.vecdot(vectors, vectors)


def _odd(squares: np.ndarray) -> np.ndarray:
    return ~((squares >= LEAST_SQUARE) & (squares <= MOST_SQUARE))  # NaN, too


def _values(
    products: np.ndarray, squares: np.ndarray, listed_squares: np.ndarray, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """What orders the rows as the distance does, FLOAT64 [n, rows], and how far it may be off, [n, 1]."""
    if kind == "COSINE":
        return 1 - products / np.sqrt(squares * listed_squares), np.full_like(squares, MARGIN)
    if kind == "EUCLIDEAN":
        return squares + listed_squares - 2 * products, MARGIN * (squares + listed_squares.max())
    return -products, MARGIN * np.sqrt(squares * listed_squares.max())


def nearest(candidates: Candidates, most: int) -> np.ndarray:
    """CANDIDATE [n] ordered by vector: of the candidates of several lists those that may be the nearest."""
    found = candidates.found[~np.isin(candidates.found["id"], candidates.odd)]
    found = found[np.lexsort((found["highest"], found["id"]))]
    if most < 0 or not found.size:
        return found
    first = np.searchsorted(found["id"], found["id"])
    last = np.searchsorted(found["id"], found["id"], side="right") - 1
    return found[found["lowest"] <= found["highest"][np.minimum(first + most - 1, last)]]


def together(parts: list[Candidates]) -> Candidates:
    """The candidates of several lists."""
    found = np.concatenate([np.empty(0, CANDIDATE), *(part.found for part in parts)])
    return Candidates(
        found, np.unique(np.concatenate([np.empty(0, np.int64), *(part.odd for part in parts)]))
    )
