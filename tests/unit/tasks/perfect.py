"""What a model would say that knows every right answer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from xfer.tasks.formats.base import IGNORE, Outputs
from xfer.tasks.task import Task


def outputs(task: Task, encoded: pa.Table) -> Outputs:
    """Outputs by the encoded targets; of what has none, a query and its candidate are alike and like no other."""
    lines = encoded["targets"].to_pylist()
    kind = task.format.output
    if kind == "hidden":
        return Outputs(vectors=np.tile(np.eye(len(lines) // 2, dtype=np.float32), (2, 1)))
    if kind == "token":
        return Outputs(choices=tuple(np.array([t for t in line if t != IGNORE], np.int32) for line in lines))
    if kind == "span":
        lengths = encoded["input_ids"].combine_chunks().value_lengths().to_pylist()
        return Outputs(positions=tuple(_ends(line, length) for line, length in zip(lines, lengths, strict=True)))
    return Outputs(logits=99 * np.eye(len(task.labels), dtype=np.float32)[[line[0] for line in lines if line]])


def _ends(targets: list[int], length: int) -> np.ndarray:
    logits = np.zeros((length, 2), np.float32)
    logits[targets, [0, 1]] = 5
    return logits
