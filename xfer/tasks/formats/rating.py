"""A number on a scale for a text or a pair of texts: how alike two sentences are.

The scale is cut into steps, the task's labels. A model is trained to choose the nearest step, and its answer is the
mean of the steps by their probabilities (after Tai et al. 2015, arXiv 1503.00075, section 4.2).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xfer.errors import DataError
from xfer.tasks.formats.base import PREDICTED, Format, Outputs, one_target_each, probabilities_of, truncated_by_row
from xfer.tasks.metrics import PEARSON, SPEARMAN

if TYPE_CHECKING:
    import numpy.typing as npt

    from xfer.tasks.task import Task
    from xfer.tasks.text import TextEncoder


class Rating(Format):
    """A text or a pair of texts, and a number; its labels are numbers, rising: the steps of the scale."""

    name = "rating"
    version = 1
    output = "sequence"
    fields = ("first", "score")
    numbers = MappingProxyType({"score": pa.float64()})
    texts = ("first", "second")
    metrics = (PEARSON, SPEARMAN)

    def check(self, task: Task, rows: pa.Table, where: str) -> None:
        steps, scores = _steps(task), rows["score"].to_numpy()
        beyond = np.flatnonzero(~((scores >= steps[0]) & (scores <= steps[-1])))  # so that nan is beyond, too
        if beyond.size:
            row = rows["example"][int(beyond[0])]
            fix = f"it must be between {task.labels[0]} and {task.labels[-1]}"
            raise DataError(f"row {row}: score {scores[beyond[0]]:g}", where, fix)

    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        nearest = np.abs(rows["score"].to_numpy()[:, None] - _steps(task)).argmin(axis=1).astype(np.int32)
        return one_target_each(rows, text, nearest)

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        probabilities = probabilities_of(outputs)
        return pa.table(
            {
                "example": rows["example"],
                "cluster": rows["cluster"],
                "gold": [[f"{score:.6g}"] for score in rows["score"].to_pylist()],
                "prediction": [[f"{mean:.6g}"] for mean in probabilities @ _steps(task)],
                "probabilities": list(probabilities.astype(np.float32)),
                "truncated": truncated_by_row(rows, encoded),
            },
            schema=PREDICTED,
        )


def _steps(task: Task) -> npt.NDArray[np.float64]:
    return np.array([float(label) for label in task.labels])
