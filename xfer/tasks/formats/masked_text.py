"""Text whose masked sub-tokens are predicted: BERT's pretraining task (Devlin et al. 2019, arXiv 1810.04805)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xfer.tasks.formats.base import IGNORE, Format, Outputs, inputs_table

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import TextEncoder


class MaskedText(Format):
    """Plain text. Which sub-tokens are masked is drawn anew in every step, by the training loop."""

    name = "masked_text"
    version = 1
    output = "vocabulary"
    fields = ("text",)
    texts = fields
    metrics = ()

    def size(self, task: Task, vocabulary: int) -> int:
        return vocabulary

    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        """Targets are the sub-tokens themselves; special ones are never masked."""
        inputs = text.texts(rows["text"].to_pylist())
        ids = inputs.ids.values.to_numpy()
        targets = np.where(np.isin(ids, list(text.special)), np.int32(IGNORE), ids)
        row = np.arange(rows.num_rows, dtype=np.int32)
        return inputs_table(row, inputs, pa.ListArray.from_arrays(inputs.ids.offsets, pa.array(targets)))

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        raise NotImplementedError("masked text is trained on, not evaluated")
