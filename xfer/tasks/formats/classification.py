"""One label for a text (``first``) or a pair of texts (``first``, ``second``): NLI, paraphrase, sentiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xfer.tasks.formats.base import ENCODED, Format, Outputs, label_numbers, labels_predicted
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
        number_of = label_numbers(task)
        second = rows["second"].to_pylist() if "second" in rows.column_names else None
        inputs = text.texts(rows["first"].to_pylist(), second)
        return pa.table(
            {
                "row": np.arange(rows.num_rows, dtype=np.int32),
                "input_ids": inputs.ids,
                "type_ids": inputs.type_ids,
                "targets": [[number_of[label]] for label in rows["label"].to_pylist()],
                "truncated": inputs.truncated,
            },
            schema=ENCODED,
        )

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        return labels_predicted(task, rows, encoded, outputs)
