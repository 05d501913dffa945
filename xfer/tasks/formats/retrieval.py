"""Find a sentence's translation among all candidates by the cosine of mean-pooled hidden states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xfer.tasks.formats.base import PREDICTED, Format, Outputs, inputs_table, lists
from xfer.tasks.formats.neighbours import nearest, unit
from xfer.tasks.metrics import ACCURACY

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import TextEncoder


class Retrieval(Format):
    """Each query's right answer is the candidate of the same row. Nothing is trained."""

    name = "retrieval"
    version = 1
    output = "hidden"
    fields = ("query", "candidate")
    texts = fields
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
        vectors = unit(outputs.vectors)
        best = nearest(vectors[: rows.num_rows], vectors[rows.num_rows :], 1)
        examples = rows["example"].to_numpy()
        cut = encoded["truncated"].to_numpy()
        return pa.table(
            {
                "example": examples,
                "cluster": rows["cluster"],
                "gold": [[str(example)] for example in examples],
                "prediction": [[str(example)] for example in examples[best.places[:, 0]]],
                "probabilities": list(best.cosines),
                "truncated": cut[: rows.num_rows] + cut[rows.num_rows :],
            },
            schema=PREDICTED,
        )
