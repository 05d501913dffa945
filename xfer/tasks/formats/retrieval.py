"""Find a sentence's translation among all candidates by the cosine of mean-pooled hidden states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xfer.tasks.formats.base import PREDICTED, Floats, Format, Outputs, inputs_table, lists
from xfer.tasks.metrics import ACCURACY

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import TextEncoder

BLOCK = 1024
"""Queries compared with all candidates at once."""


class Retrieval(Format):
    """Each query's right answer is the candidate of the same row. Nothing is trained."""

    name = "retrieval"
    version = 1
    output = "hidden"
    fields = ("query", "candidate")
    metrics = (ACCURACY,)
    trainable = False
    divisible = False

    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        """All queries, then all candidates."""
        inputs = text.texts(rows["query"].to_pylist() + rows["candidate"].to_pylist())
        row = np.tile(np.arange(rows.num_rows, dtype=np.int32), 2)
        return inputs_table(row, inputs, lists(np.zeros(0, np.int32), np.zeros_like(row)))

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        assert outputs.vectors is not None
        best, cosine = nearest(outputs.vectors[: rows.num_rows], outputs.vectors[rows.num_rows :])
        examples = rows["example"].to_numpy()
        cut = encoded["truncated"].to_numpy()
        return pa.table(
            {
                "example": examples,
                "cluster": rows["cluster"],
                "gold": [[str(example)] for example in examples],
                "prediction": [[str(example)] for example in examples[best]],
                "probabilities": [[value] for value in cosine],
                "truncated": cut[: rows.num_rows] + cut[rows.num_rows :],
            },
            schema=PREDICTED,
        )


def nearest(queries: Floats, candidates: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """Exact search: index of the candidate with the largest cosine for each query, and that cosine.

    ``queries`` is [n, d], ``candidates`` [m, d]; at most ``BLOCK`` x m similarities are held at once.
    """
    unit_queries, unit_candidates = (
        vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12) for vectors in (queries, candidates)
    )
    best = np.empty(len(queries), dtype=np.int64)
    cosine = np.empty(len(queries), dtype=np.float32)
    for start in range(0, len(queries), BLOCK):
        similarity = unit_queries[start : start + BLOCK] @ unit_candidates.T
        best[start : start + BLOCK] = similarity.argmax(axis=1)
        cosine[start : start + BLOCK] = similarity.max(axis=1)
    return best, cosine
