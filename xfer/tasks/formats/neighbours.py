"""Exact search for the nearest vectors by cosine, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from xfer.tasks.formats.base import Floats

BLOCK, TILE = 1024, 8000
"""Queries that are compared with so many candidates at once; columns of a power of two would share cache lines."""

Ints = npt.NDArray[np.int64]


def unit(vectors: Floats) -> Floats:
    """The same directions with length 1; a zero vector stays one."""
    found: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found


class Nearest:
    """For each query the ``k`` candidates with the largest cosines among those seen so far.

    The largest comes first, of equal ones the one that was seen first.
    """

    def __init__(self, queries: int, k: int) -> None:
        self.places = np.zeros((queries, k), np.int64)
        """Indices of the candidates, [queries, k]."""
        self.cosines = np.full((queries, k), -np.inf, np.float32)
        """Likewise."""

    def see(self, queries: slice, candidates: slice, similarity: Floats) -> None:
        """Take in the cosines of a stretch of queries with a stretch of candidates, [queries, candidates]."""
        # Few queries gain by a late tile, and one pass over it shows which.
        gain = np.flatnonzero(similarity.max(axis=1) > self.cosines[queries, -1])
        if not gain.size:
            return
        places, cosines = _largest(similarity[gain], self.cosines.shape[1])
        lines = queries.start + gain
        places = np.concatenate([self.places[lines], candidates.start + places], axis=1)
        cosines = np.concatenate([self.cosines[lines], cosines], axis=1)
        order = np.argsort(-cosines, axis=1, kind="stable")[:, : self.cosines.shape[1]]
        self.places[lines] = np.take_along_axis(places, order, axis=1)
        self.cosines[lines] = np.take_along_axis(cosines, order, axis=1)


def nearest(queries: Floats, candidates: Floats, k: int) -> Nearest:
    """The ``k`` nearest candidates of each query; all of them where there are fewer.

    ``queries`` is [n, d], ``candidates`` [m, d], of length 1. At most ``BLOCK`` x ``TILE`` cosines are held at once.
    """
    found = Nearest(len(queries), min(k, len(candidates)))
    for rows, columns, similarity in _tiles(queries, candidates):
        found.see(rows, columns, similarity)
    return found


def nearest_of_both(one: Floats, other: Floats, k: int) -> tuple[Nearest, Nearest]:
    """The nearest of the ``other`` vectors to each one, and the other way round; each cosine is computed once."""
    forward, backward = Nearest(len(one), min(k, len(other))), Nearest(len(other), min(k, len(one)))
    for rows, columns, similarity in _tiles(one, other):
        forward.see(rows, columns, similarity)
        backward.see(columns, rows, similarity.T)
    return forward, backward


def _tiles(queries: Floats, candidates: Floats) -> Iterator[tuple[slice, slice, Floats]]:
    for row in range(0, len(queries), BLOCK):
        for column in range(0, len(candidates), TILE):
            rows = slice(row, min(row + BLOCK, len(queries)))
            columns = slice(column, min(column + TILE, len(candidates)))
            yield rows, columns, queries[rows] @ candidates[columns].T


def _largest(similarity: Floats, k: int) -> tuple[Ints, Floats]:
    """Places and values of the ``k`` largest of each line, in falling order; overwrites it.

    Several times ``argmax`` takes less time than ``argpartition``, and knows which of equal ones comes first.
    """
    lines, places = np.arange(len(similarity)), []
    values = []
    for _ in range(min(k, similarity.shape[1])):
        places.append(similarity.argmax(axis=1))
        values.append(similarity[lines, places[-1]])
        similarity[lines, places[-1]] = -np.inf
    return np.stack(places, axis=1), np.stack(values, axis=1)
