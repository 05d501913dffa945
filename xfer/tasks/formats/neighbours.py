"""Exact search for the nearest vectors by cosine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xfer.tasks.formats.base import Floats

BLOCK = 1024
"""Queries compared with all candidates at once."""


def unit(vectors: Floats) -> Floats:
    """The same directions with length 1; a zero vector stays one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def neighbours(queries: Floats, candidates: Floats, k: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Indices of the ``k`` candidates with the largest cosines for each query, and these cosines, both [n, k].

    ``queries`` is [n, d], ``candidates`` [m, d], all of length 1. The largest comes first, of equal ones the first in
    order; there are m where m < k. At most ``BLOCK`` x m similarities are held at once.
    """
    k = min(k, len(candidates))
    nearest = np.empty((len(queries), k), dtype=np.int64)
    cosine = np.empty((len(queries), k), dtype=np.float32)
    for start in range(0, len(queries), BLOCK):
        similarity = queries[start : start + BLOCK] @ candidates.T
        lines = np.arange(len(similarity))
        for place in range(k):
            found = similarity.argmax(axis=1)
            nearest[start : start + BLOCK, place] = found
            cosine[start : start + BLOCK, place] = similarity[lines, found]
            similarity[lines, found] = -np.inf
    return nearest, cosine
