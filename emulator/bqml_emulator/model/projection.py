"""The vector spaces that are made of the local model's vectors, one for each model it stands in for.

Our vectors are blocks side by side, so cutting them off would drop whole kinds of evidence (the colours, most
concepts). Random orthonormal axes spread every block over all numbers: all of them keep every cosine, the
first few about keep it (Johnson-Lindenstrauss). Image and text stay comparable, with more noise the shorter
they are.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from bqml_emulator.model.layout import DIMENSION, unit
from bqml_emulator.model.local_model import MODEL_ID


@dataclass(frozen=True)
class Space:
    """Where vectors can be compared with one another, and with those of no other space.

    `id` names it in the ledger: a new id means that stored vectors must be computed again.
    """

    id: str
    seed: int
    axes: int  # numbers that are a projection; of multimodalembedding@001 the longest vector is none
    longest: int

    def vector(self, vector: np.ndarray, dimension: int) -> np.ndarray:
        """A vector of the local model, shape (1408,), in this space: float32, (dimension,), unit length."""
        if not 1 <= dimension <= self.axes and dimension != self.longest:
            raise ValueError(
                f"{self.id} has vectors of up to {self.axes} or of {self.longest} numbers, not {dimension}"
            )
        if dimension > self.axes:
            return vector
        return unit(vector @ _axes(self.seed, self.axes)[:, :dimension]).astype(np.float32)


MULTIMODAL = Space(MODEL_ID, seed=1408, axes=512, longest=DIMENSION)
GEMINI = Space(f"{MODEL_ID}-turned", seed=3072, axes=3072, longest=3072)


@cache
def _axes(seed: int, count: int) -> np.ndarray:
    """`count` axes as columns of a (1408, count) matrix, the same on every machine and numpy version.

    The columns are orthonormal, or if there are more than 1,408 of them, the rows.
    """
    # RandomState, not Generator: only its stream is frozen for ever (NEP 19). Fixed signs make QR unique.
    long, short = max(DIMENSION, count), min(DIMENSION, count)
    q, r = np.linalg.qr(np.random.RandomState(seed).standard_normal((long, short)))
    q = (q * np.sign(np.diag(r))).astype(np.float32)
    return q if count <= DIMENSION else np.ascontiguousarray(q.T)
