"""From a task's files to its scores, without a model: what a perfect or a wrong one would say is made by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from tests.unit.tasks import toy
from xfer.evaluation.score import score
from xfer.results.schema import PREDICTIONS
from xfer.tasks.data import DataRoots
from xfer.tasks.formats.base import IGNORE, Outputs
from xfer.tasks.task import Task
from xfer.tasks.text import TextEncoder


def predicted(
    task: Task, roots: DataRoots, split: str, outputs: Callable[[Task, pa.Table, pa.Table], Outputs], language: str
) -> pa.Table:
    """Predictions of a split, schema ``PREDICTIONS``, when a model says ``outputs`` of rows and encoded rows."""
    resolved, rows = roots.resolved(task), roots.rows(task, language, split)
    encoded = task.format.encode(resolved, rows, TextEncoder(toy.tokenizer(), 12))
    table = task.format.decode(resolved, rows, encoded, outputs(resolved, rows, encoded))
    fixed = {"evaluation": "e", "task": task.name, "language": language, "split": split}
    for name, value in fixed.items():
        table = table.append_column(name, pa.array([value] * table.num_rows))
    layers = pa.nulls(table.num_rows, pa.int32())
    return table.append_column("layer", layers).select(PREDICTIONS.names).cast(PREDICTIONS)


def scores(task: Task, table: pa.Table) -> dict[str, float]:
    """By metric."""
    return {line["metric"]: line["value"] for line in score(task, table).to_pylist()}


def right_tags(task: Task, rows: pa.Table, encoded: pa.Table) -> Outputs:
    """The target at each position that has one."""
    targets = [np.asarray(line, dtype=np.int32) for line in encoded["targets"].to_pylist()]
    return Outputs(choices=tuple(line[line != IGNORE] for line in targets))
