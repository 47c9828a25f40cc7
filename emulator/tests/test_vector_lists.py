"""The inverted lists on their own."""

import time

import numpy as np
import pytest
from vector_data import vectors

from bqml_emulator.vector.lists import UNINDEXED, load, train

NOW = 1_000.0


def build(distance_type="COSINE", rows=600, lists=12):
    data = vectors(rows, 16)
    built = train(data, lists, distance_type, NOW)
    hashes = np.sort(np.random.default_rng(3).integers(0, 2**64, rows, dtype=np.uint64))
    nothing = np.zeros(0, dtype=bool)
    return data, hashes, built.changed(nothing, hashes, built.nearest(data, 1)[:, 0], np.full(rows, NOW))


@pytest.mark.parametrize("distance_type", ["COSINE", "EUCLIDEAN", "DOT_PRODUCT"])
def test_a_vector_is_in_the_list_that_is_probed_first_for_it(distance_type):
    data, hashes, built = build(distance_type)
    assert built.probe(data, 0.01).tolist() == [[list_] for list_ in built.lists_of(hashes, NOW)]


def test_cosine_looks_at_the_direction_only():
    data, _, built = build()
    assert np.array_equal(built.probe(data * 1e6, 0.3), built.probe(data, 0.3))


@pytest.mark.parametrize(("fraction", "lists"), [(0.001, 1), (0.25, 3), (0.26, 4), (0.999, 12)])
def test_a_fraction_of_lists_is_rounded_up(fraction, lists):
    data, _, built = build()
    assert built.probe(data[:2], fraction).shape == (2, lists)


def test_training_is_reproducible():
    assert np.array_equal(build()[2].centroids, build()[2].centroids)


def test_entries_become_available_with_time():
    _, hashes, built = build(rows=4, lists=1)
    later = built.changed(np.zeros(4, dtype=bool), hashes, np.zeros(4), NOW + np.array([1.0, 2.0, 3.0, 4.0]))
    indexed = [int((later.lists_of(hashes, NOW + t) != UNINDEXED).sum()) for t in range(6)]
    assert indexed == [0, 1, 2, 3, 4, 4]
    assert later.available(NOW + 2).tolist() == [True, True, False, False]


def test_unknown_and_removed_vectors_are_unindexed():
    _, hashes, built = build()
    unknown = np.setdiff1d(np.arange(5, dtype=np.uint64), hashes)
    assert (built.lists_of(unknown, NOW) == UNINDEXED).all()
    kept = np.ones(len(hashes), dtype=bool)
    kept[7] = False
    none = np.empty(0)
    smaller = built.changed(kept, none.astype(np.uint64), none, none)
    assert np.flatnonzero(smaller.lists_of(hashes, NOW) == UNINDEXED).tolist() == [7]


def test_saved_lists_are_read_back_and_damaged_ones_are_not(tmp_path):
    data, hashes, built = build()
    path = tmp_path / "folder" / "lists.npz"
    assert load(path) is None
    built.save(path)
    again = load(path)
    assert np.array_equal(again.lists_of(hashes, time.time()), built.lists_of(hashes, time.time()))
    assert np.array_equal(again.probe(data, 0.5), built.probe(data, 0.5))
    content = path.read_bytes()
    for damaged in (b"", b"PK\x03\x04", content[: len(content) // 2], content[:-40]):
        path.write_bytes(damaged)
        assert load(path) is None
    assert [file.name for file in path.parent.iterdir()] == ["lists.npz"]
