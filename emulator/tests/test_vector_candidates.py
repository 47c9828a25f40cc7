"""Which rows may be the nearest, against all distances computed one by one."""

import numpy as np
import pytest
from vector_data import vectors

from bqml_emulator.vector import candidates

KINDS = {
    "COSINE": lambda a, b: 1 - a @ b / np.sqrt((a @ a) * (b @ b)),
    "EUCLIDEAN": lambda a, b: np.sqrt(((a - b) ** 2).sum()),
    "DOT_PRODUCT": lambda a, b: -(a @ b),
}
PARTS = [np.arange(0, 40), np.arange(40, 41), np.arange(41, 41), np.arange(41, 300)]


def of_parts(rows: np.ndarray, queries: np.ndarray, kind: str, most: int) -> candidates.Candidates:
    """The candidates when the rows are in several lists, one of them empty; a place is a row + 1,000."""
    ids = np.arange(len(queries))
    return candidates.together(
        [
            candidates.of_list(part, part + 1_000, rows[part], ids, queries, kind, most)
            for part in (part[part < len(rows)] for part in PARTS)
        ]
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most", [1, 7, 299, 1_000, -1])
def test_the_nearest_are_among_them_and_few_others(kind, most):
    rows, queries = vectors(300, 24), 3 * vectors(20, 24, seed=2)
    rows[7], rows[250] = rows[100], rows[100]  # as near as each other
    found = candidates.nearest(of_parts(rows, queries, kind, most), most)
    assert (found["place"] == found["row"] + 1_000).all()
    for number, query in enumerate(queries):
        mine = found["row"][found["id"] == number]
        distances = np.array([KINDS[kind](query, row) for row in rows])
        wanted = np.sort(distances)[: most if most >= 0 else None]
        assert np.allclose(np.sort(distances[mine])[: wanted.size], wanted, atol=0)
        assert mine.size == np.unique(mine).size <= wanted.size + 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [0.0, np.nan, np.inf, 1e-110, 1e110])
def test_a_vector_whose_products_lose_digits_is_odd(kind, number):
    rows, queries = vectors(300, 24), vectors(3, 24, seed=2)
    queries[1] = number
    found = of_parts(rows, queries, kind, 2)
    assert found.odd.tolist() == [1]
    assert set(candidates.nearest(found, 2)["id"]) == {0, 2}
    rows[299] = number
    assert of_parts(rows, queries, kind, 2).odd.tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_differ_by_a_rounding_are_all_candidates(kind):
    row = vectors(1, 24)[0]
    rows = np.stack([row * (1 + n * 1e-16) for n in range(300)])
    found = candidates.nearest(of_parts(rows, rows[:1], kind, 3), 3)
    assert found.size == 300
