"""Which of several texts is right: after a context, as an answer to a question, or both.

The options of a row are inputs of their own, each scored by itself; a softmax over them answers. An input is the
context and then the question with the option; without a context, the question and then the option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from xfer.errors import DataError
from xfer.tasks.formats.base import Format, Outputs, inputs_table, label_numbers, labels_predicted, lists
from xfer.tasks.metrics import ACCURACY

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import TextEncoder


class Choice(Format):
    """A multiple choice; its labels are names of the options, in their order."""

    name = "choice"
    version = 1
    output = "choice"
    fields = ("options", "label")
    lists = frozenset(["options"])
    texts = ("context", "question", "options")
    gold = "label"
    metrics = (ACCURACY,)

    def together(self, task: Task) -> int:
        return len(task.labels)

    def check(self, task: Task, rows: pa.Table, where: str) -> None:
        if not {"context", "question"} & set(rows.column_names):
            raise DataError("there is neither a context nor a question", where, "name a column for one of them")
        found = np.asarray(rows["options"].combine_chunks().value_lengths())
        if (wrong := np.flatnonzero(found != len(task.labels))).size:
            row = rows["example"][int(wrong[0])]
            fix = f"task {task.name} has {len(task.labels)} in every row"
            raise DataError(f"row {row}: {found[wrong[0]]} options", where, fix)

    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        first, second = _texts(rows)
        row, option = np.divmod(np.arange(len(first), dtype=np.int32), len(task.labels))
        return inputs_table(row, text.texts(first, second), lists(label_numbers(task, rows), option == 0))

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        return labels_predicted(task, rows, encoded, outputs)


def _texts(rows: pa.Table) -> tuple[list[str], list[str]]:
    """What stands first and second in each option's input."""
    first: list[str] = []
    second: list[str] = []
    for row in rows.to_pylist():
        before, lead = _around(row)
        first += [before] * len(row["options"])
        second += [f"{lead} {option}".strip() for option in row["options"]]
    return first, second


def _around(row: dict[str, Any]) -> tuple[str, str]:
    context, question = row.get("context", ""), row.get("question", "")
    return (context, question) if context else (question, "")
