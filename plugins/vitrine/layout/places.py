"""Places for pictures in a plane, by likeness. Pure functions that need the extra `map`: NumPy, scikit-learn.

A process with one thread lays out 100,000 pictures; docs/decisions/0020 has the figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float32]

# What is left of a vector: the directions in which pictures differ most.
COMPONENTS: Final = 50
# t-SNE takes a time that grows faster than the pictures; the others lie where the nearest of these do.
MOST_FITTED: Final = 10_000
NEIGHBOURS: Final = 3
# How many neighbours t-SNE keeps near each picture: scikit-learn's default.
PERPLEXITY: Final = 30
FEWEST_FITTED: Final = 5
# Rows that become floats at once: 28 MB of vectors of 1,408 numbers.
PIECE: Final = 5_000


def features(directions: NDArray[np.uint8]) -> Floats:
    """What tells the pictures apart, in at most 50 numbers each.

    :param directions: a row for each picture, as layout/select_directions.sql makes them. The first 10,000
        rows say in which ways pictures differ, so they should be there by chance.
    """
    if len(directions) < 2:
        return np.zeros((len(directions), 1), np.float32)
    # Where all pictures are the same, scikit-learn divides nothing by nothing.
    with threadpool_limits(1), np.errstate(invalid="ignore"):
        fitted = _unit(directions[:MOST_FITTED])
        pca = PCA(min(COMPONENTS, *fitted.shape), random_state=0).fit(fitted)
        pieces: Iterator[Floats] = (
            pca.transform(_unit(directions[first : first + PIECE]))
            for first in range(0, len(directions), PIECE)
        )
        return np.concatenate(list(pieces)).astype(np.float32)


def places(features: Floats) -> Floats:
    """x and y of each picture: near in the plane is what is near in `features`. The same for the same input.

    :param features: see `features`; in that order.
    """
    with threadpool_limits(1):
        fitted = _fitted(features[:MOST_FITTED])
        rest = features[MOST_FITTED:]
        if not len(rest):
            return fitted
        search = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(features[:MOST_FITTED])
        distances, nearest = search.kneighbors(rest)
        # The nearest counts most; one that is the same is all that counts.
        weights = 1 / np.maximum(distances, 1e-6)
        weights /= weights.sum(axis=1, keepdims=True)
        between = np.einsum("pn,pnc->pc", weights, fitted[nearest])
        return np.concatenate([fitted, between]).astype(np.float32)


def _fitted(features: Floats) -> Floats:
    """t-SNE, begun with the two directions in which pictures differ most, so that it ends alike each time."""
    start = np.zeros((len(features), 2), np.float32)
    start[:, : features.shape[1]] = features[:, :2]
    if len(features) < FEWEST_FITTED:
        return start
    start *= 1e-4 / max(float(start[:, 0].std()), 1e-12)
    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    fitted: Floats = TSNE(perplexity=perplexity, init=start, random_state=0).fit_transform(features)
    return fitted


def _unit(directions: NDArray[np.uint8]) -> Floats:
    """The same directions as vectors of length 1."""
    vectors = directions.astype(np.float32) - 128
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
