"""One label a word: parts of speech, named entities, semantic tags.

A word's first sub-token carries its label. A word without sub-tokens keeps its place as ``<unk>``, and a
sentence that is too long becomes several inputs, so that every word gets an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xfer.errors import DataError
from xfer.tasks.formats.base import ENCODED, IGNORE, PREDICTED, Format, Outputs, truncated_by_row
from xfer.tasks.metrics import TAG_F1, TAG_F1_0012, TOKEN_ACCURACY

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import TextEncoder


UNSEEN = 0
"""Target of a tag that is not among the labels, as evaluation data may have where they are those of training data. No
loss is computed there, but its word must be answered."""


class Tagging(Format):
    """A sentence in words, a tag for each."""

    name = "tagging"
    version = 1
    output = "token"
    fields = ("tokens", "tags")
    lists = frozenset(fields)
    texts = ("tokens",)
    in_words = True
    gold = "tags"
    metrics = (TOKEN_ACCURACY, TAG_F1, TAG_F1_0012)

    def check(self, task: Task, rows: pa.Table, where: str) -> None:
        words, tags = (np.asarray(rows[name].combine_chunks().value_lengths()) for name in self.fields)
        wrong = np.flatnonzero((words != tags) | (words == 0))
        if wrong.size:
            at = int(wrong[0])
            raise DataError(
                f"row {rows['example'][at]}: {words[at]} tokens and {tags[at]} tags",
                where,
                "every token needs one tag, and a sentence at least one token",
            )

    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        number_of = {label: number for number, label in enumerate(task.labels)}
        lines: dict[str, list[object]] = {name: [] for name in ENCODED.names}
        tags_of = rows["tags"].to_pylist()
        for row, windows in enumerate(text.words(rows["tokens"].to_pylist())):
            tags = iter(tags_of[row])
            for window in windows:
                first = [IGNORE] * len(window.ids)
                for position in window.first_subtokens:
                    first[position] = number_of.get(next(tags), UNSEEN)
                lines["row"].append(row)
                lines["input_ids"].append(window.ids)
                lines["type_ids"].append([0] * len(window.ids))
                lines["targets"].append(first)
                lines["truncated"].append(window.truncated)
        return pa.table(lines, schema=ENCODED)

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        assert outputs.choices is not None
        predictions: list[list[str]] = [[] for _ in range(rows.num_rows)]
        for row, choices in zip(encoded["row"].to_pylist(), outputs.choices, strict=True):
            predictions[row].extend(task.labels[choice] for choice in choices)
        return pa.table(
            {
                "example": rows["example"],
                "cluster": rows["cluster"],
                "gold": rows["tags"],
                "prediction": predictions,
                "probabilities": pa.nulls(rows.num_rows, pa.list_(pa.float32())),
                "truncated": truncated_by_row(rows, encoded),
            },
            schema=PREDICTED,
        )
