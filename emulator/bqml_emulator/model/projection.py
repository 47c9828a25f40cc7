"""Shorter vectors: output_dimensionality 128, 256 or 512 instead of 1408."""

from functools import cache

import numpy as np

from bqml_emulator.model.layout import DIMENSION, unit

# The sizes that multimodalembedding@001 offers (bigquery-semantics.md, 2026-11-22).
DIMENSIONS = (128, 256, 512, DIMENSION)
SEED = 1408


def project(vector: np.ndarray, dimension: int) -> np.ndarray:
    """Shorten a (1408,) vector to `dimension` numbers of unit length; 1408 gives it back unchanged.

    Our vectors are blocks side by side, so cutting them off would drop whole kinds of evidence (the colours,
    most concepts). A random rotation first spreads every block over all axes and about keeps every cosine
    (Johnson-Lindenstrauss): image and text stay comparable, with more noise the shorter they are.
    """
    if dimension not in DIMENSIONS:
        raise ValueError(f"output dimension {dimension} is not supported; use one of {DIMENSIONS}")
    if dimension == DIMENSION:
        return vector
    return unit(vector @ _axes()[:, :dimension]).astype(np.float32)


@cache
def _axes() -> np.ndarray:
    """512 orthonormal axes as columns, the same on every machine and numpy version."""
    # RandomState, not Generator: only its stream is frozen for ever (NEP 19). Fixed signs make QR unique.
    q, r = np.linalg.qr(np.random.RandomState(SEED).standard_normal((DIMENSION, max(DIMENSIONS[:-1]))))
    return (q * np.sign(np.diag(r))).astype(np.float32)
