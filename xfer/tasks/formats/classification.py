"""One label for a text (``first``) or a pair of texts (``first``, ``second``): NLI, paraphrase, sentiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xfer.tasks.formats.base import ENCODED, PREDICTED, Format, Outputs, truncated_by_row
from xfer.tasks.metrics import ACCURACY

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import TextEncoder


class Classification(Format):
    """A text or a pair of texts, one label."""

    name = "classification"
    version = 1
    output = "sequence"
    fields = ("first", "label")
    texts = ("first", "second")
    gold = "label"
    metrics = (ACCURACY,)

    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        index = {label: number for number, label in enumerate(task.labels)}
        second = rows["second"].to_pylist() if "second" in rows.column_names else None
        inputs = text.texts(rows["first"].to_pylist(), second)
        return pa.table(
            {
                "row": np.arange(rows.num_rows, dtype=np.int32),
                "input_ids": inputs.ids,
                "type_ids": inputs.type_ids,
                "targets": [[index[label]] for label in rows["label"].to_pylist()],
                "truncated": inputs.truncated,
            },
            schema=ENCODED,
        )

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        assert outputs.logits is not None
        logits = outputs.logits.astype(np.float64)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = exponents / exponents.sum(axis=1, keepdims=True)
        return pa.table(
            {
                "example": rows["example"],
                "cluster": rows["cluster"],
                "gold": [[label] for label in rows["label"].to_pylist()],
                "prediction": [[task.labels[best]] for best in logits.argmax(axis=1)],
                "probabilities": list(probabilities.astype(np.float32)),
                "truncated": truncated_by_row(rows, encoded),
            },
            schema=PREDICTED,
        )
