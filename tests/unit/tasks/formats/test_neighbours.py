"""Exact nearest neighbours by cosine."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

import numpy as np
import pytest

from xfer.tasks.formats import neighbours
from xfer.tasks.formats.base import Floats
from xfer.tasks.formats.neighbours import BLOCK, TILE, Nearest, nearest, nearest_of_both, unit


def vectors(lines: int, seed: int, size: int = 6) -> Floats:
    return np.random.default_rng(seed).normal(size=(lines, size)).astype(np.float32)


def is_nearest(found: Nearest, queries: Floats, candidates: Floats, lines: Iterable[int], k: int) -> None:
    """Hold some lines against a walk over all candidates in double precision."""
    assert found.places.shape == found.cosines.shape == (len(queries), k)
    for line in lines:
        q = queries[line].astype(float)
        cosines = candidates.astype(float) @ q / np.sqrt((candidates.astype(float) ** 2).sum(axis=1)) / np.sqrt(q @ q)
        largest = sorted(cosines.tolist(), reverse=True)[:k]
        assert found.cosines[line].tolist() == pytest.approx(largest, abs=1e-5)
        assert cosines[found.places[line]].tolist() == pytest.approx(largest, abs=1e-5)
        assert len(set(found.places[line].tolist())) == k


@pytest.mark.parametrize("k", [1, 4])
def test_the_nearest_are_those_of_a_walk_over_all_pairs_beyond_one_block(k: int) -> None:
    queries, candidates = vectors(2 * BLOCK + 37, 1), vectors(300, 2)
    queries *= np.random.default_rng(3).uniform(0.01, 100, (len(queries), 1)).astype(np.float32)
    found = nearest(unit(queries), unit(candidates), k)
    edges = [BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK, len(queries) - 1]
    is_nearest(found, queries, candidates, [*range(0, len(queries), 29), *edges], k)
    assert len(np.unique(found.places[:, 0])) > 200


def test_the_nearest_of_both_sides_are_found_beyond_one_tile() -> None:
    one, other = vectors(BLOCK + 3, 1), vectors(2 * TILE + 2, 2)
    forward, backward = nearest_of_both(unit(one), unit(other), 4)
    is_nearest(forward, one, other, [*range(0, len(one), 97), BLOCK - 1, BLOCK, len(one) - 1], 4)
    is_nearest(backward, other, one, [*range(0, len(other), 977), TILE - 1, TILE, len(other) - 1], 4)


def test_the_size_of_a_tile_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = unit(vectors(50, 1)), unit(vectors(40, 2))
    whole = [nearest(one, other, 3), *nearest_of_both(one, other, 3)]
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    monkeypatch.setattr(neighbours, "TILE", 2)
    for before, now in zip(whole, [nearest(one, other, 3), *nearest_of_both(one, other, 3)], strict=True):
        assert np.array_equal(before.places, now.places) and now.cosines == pytest.approx(before.cosines, abs=1e-6)


@pytest.mark.parametrize("tile", [2, TILE])
def test_of_equally_near_ones_those_come_first_that_stand_first(monkeypatch: pytest.MonkeyPatch, tile: int) -> None:
    monkeypatch.setattr(neighbours, "TILE", tile)
    candidates = np.array([[0, 1], [1, 0], [1, 0], [0, 1], [1, 0]], dtype=np.float32)
    found = nearest(np.array([[1, 0]], dtype=np.float32), candidates, 4)
    assert (found.places.tolist(), found.cosines.tolist()) == ([[1, 2, 4, 0]], [[1, 1, 1, 0]])


def test_zero_vectors_have_cosine_zero_and_win_against_nothing_better() -> None:
    queries = unit(np.array([[0, 0], [1, 0], [-1, 0]], dtype=np.float32))
    found = nearest(queries, unit(np.array([[0, 0], [2, 0]], dtype=np.float32)), 1)
    assert found.cosines[:, 0].tolist() == [0, 1, 0]
    assert found.places[1:, 0].tolist() == [1, 0]


def test_no_more_neighbours_are_found_than_there_are() -> None:
    found = nearest(unit(vectors(3, 1)), unit(vectors(2, 2)), 4)
    assert found.places.shape == found.cosines.shape == (3, 2)
    assert sorted(found.places[0].tolist()) == [0, 1]


def test_never_are_more_similarities_held_than_a_few_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", 500)
    monkeypatch.setattr(neighbours, "TILE", 2000)
    one, other = unit(vectors(2000, 1, 2)), unit(vectors(8000, 2, 2))
    tracemalloc.start()
    nearest_of_both(one, other, 4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    tile = 4 * 500 * 2000
    assert tile < peak < 4 * tile, f"{peak / tile:.1f} of 16 tiles"
