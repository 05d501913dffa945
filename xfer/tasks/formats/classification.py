"""One label for a text (``first``) or a pair of texts (``first``, ``second``): NLI, paraphrase, sentiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from xfer.tasks.formats.base import Format, Outputs, label_numbers, labels_predicted, one_target_each
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
        return one_target_each(rows, text, label_numbers(task, rows))

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        return labels_predicted(task, rows, encoded, outputs)
