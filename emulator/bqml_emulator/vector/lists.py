"""The inverted lists of one vector index: k-means centroids by faiss, and which list each vector is in.

This is faiss' IVF (coarse quantizer and inverted lists) without its copy of the vectors: a list holds the
hashes of its vectors, the vectors stay in the table. So an index can never return a deleted row or an old
vector, a vector unknown to the lists is recognised as unindexed, and distances are computed exactly, in
FLOAT64, from the table. TREE_AH is served by the same structure, its leaves being the lists.
"""

import dataclasses
import math
import os
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np

SEED = 20261122
ITERATIONS = 10
POINTS_PER_LIST = 64  # vectors per centroid that k-means looks at; more costs time and gains little
THREADS = 1  # of faiss, a setting per thread; more threads wait for each other and are slower here
UNINDEXED = -1  # the list of every vector that no list holds; always searched


@dataclass(frozen=True)
class Lists:
    """An immutable state of an index; entries become available over time, as BigQuery fills an index.

    centroids: FLOAT32 [lists, dimension]; hashes: UINT64 [n] ascending; assigned: INT32 [n] list of each;
    available_at and trained_at: seconds since the epoch; trained_rows: FLOAT64 [lists] rows of each list when
    it was trained.
    """

    distance_type: str
    centroids: np.ndarray
    trained_at: float
    hashes: np.ndarray
    assigned: np.ndarray
    available_at: np.ndarray
    trained_rows: np.ndarray

    @property
    def dimension(self) -> int:
        return self.centroids.shape[1]

    @cached_property
    def _quantizer(self) -> faiss.Index:
        flat = faiss.IndexFlatIP if self.distance_type == "DOT_PRODUCT" else faiss.IndexFlatL2
        quantizer = flat(self.dimension)
        quantizer.add(self.centroids)
        return quantizer

    def nearest(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """The numbers of the `count` lists nearest to each vector, INT64 [n, count], nearest first."""
        faiss.omp_set_num_threads(THREADS)
        return self._quantizer.search(prepared(vectors, self.distance_type), count)[1]

    def probe(self, vectors: np.ndarray, fraction: float) -> np.ndarray:
        """The lists to search for each query vector, INT64 [n, lists], nearest first."""
        return self.nearest(vectors, max(1, math.ceil(fraction * len(self.centroids))))

    def available(self, now: float) -> np.ndarray:
        """Which entries searches can use at `now`, BOOL [n]."""
        return self.available_at <= now

    def lists_of(self, hashes: np.ndarray, now: float) -> np.ndarray:
        """The list of each vector hash, UNINDEXED where it is unknown or not yet available, INT64."""
        if not self.hashes.size:
            return np.full(hashes.shape, UNINDEXED, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.hashes, hashes), self.hashes.size - 1)
        known = (self.hashes[at] == hashes) & (self.available_at[at] <= now)
        return np.where(known, self.assigned[at], UNINDEXED).astype(np.int64)

    def changed(
        self, kept: np.ndarray, hashes: np.ndarray, assigned: np.ndarray, available_at: np.ndarray
    ) -> "Lists":
        """The entries at `kept` (BOOL [n]) and new ones, in the order of their hashes."""
        merged = np.concatenate([self.hashes[kept], hashes])
        order = np.argsort(merged, kind="stable")
        return dataclasses.replace(
            self,
            hashes=merged[order],
            assigned=np.concatenate([self.assigned[kept], assigned])[order].astype(np.int32),
            available_at=np.concatenate([self.available_at[kept], available_at])[order],
        )

    def save(self, path: Path):
        """Write the lists so that a crash leaves the old file or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in dataclasses.fields(self)})
        os.replace(temporary, path)


def load(path: Path) -> Lists | None:
    """Read saved lists; None when there are none, or none that can be read (they are then built again)."""
    try:
        with np.load(path) as saved:
            fields = {field.name: saved[field.name] for field in dataclasses.fields(Lists)}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    scalars = {"distance_type": str(fields["distance_type"]), "trained_at": float(fields["trained_at"])}
    return Lists(**fields | scalars)


def prepared(vectors: np.ndarray, distance_type: str) -> np.ndarray:
    """FLOAT32 copies; of length 1 for COSINE, where only the direction counts."""
    copies = np.ascontiguousarray(vectors, dtype=np.float32)
    if distance_type == "COSINE":
        copies = copies.copy() if copies is vectors else copies
        faiss.normalize_L2(copies)
    return copies


def train(vectors: np.ndarray, lists: int, distance_type: str, now: float) -> Lists:
    """Find centroids by k-means (Euclidean, as BigQuery trains every index); no entries yet."""
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        min(lists, len(vectors)),
        niter=ITERATIONS,
        seed=SEED,
        spherical=distance_type == "COSINE",
        min_points_per_centroid=1,
        max_points_per_centroid=POINTS_PER_LIST,
    )
    faiss.omp_set_num_threads(THREADS)
    kmeans.train(prepared(vectors, distance_type))
    nothing = np.empty(0)
    return Lists(
        distance_type,
        kmeans.centroids,
        now,
        nothing.astype(np.uint64),
        nothing.astype(np.int32),
        nothing.astype(np.float64),
        np.zeros(len(kmeans.centroids)),
    )
