"""Text whose masked sub-tokens are predicted: BERT's pretraining task (Devlin et al. 2019, arXiv 1810.04805)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xfer.tasks.formats.base import ENCODED, IGNORE, Format, Outputs

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
        return pa.table(
            {
                "row": np.arange(rows.num_rows, dtype=np.int32),
                "input_ids": inputs.ids,
                "type_ids": inputs.type_ids,
                "targets": [[IGNORE if i in text.special else i for i in ids] for ids in inputs.ids],
                "truncated": inputs.truncated,
            },
            schema=ENCODED,
        )

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        raise NotImplementedError("masked text is trained on, not evaluated")
