"""Scores from stored predictions: no model, no torch. A metric's new version costs no training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError
from xfer.fingerprint import key
from xfer.results.parts import from_parquet
from xfer.results.schema import SCORED
from xfer.store import parts
from xfer.store.store import Store
from xfer.tasks.metrics import Metric
from xfer.tasks.registry import Registry
from xfer.tasks.task import Task


def score(task: Task, predictions: pa.Table) -> pa.Table:
    """All of the task's metrics for every evaluation in a part, schema ``SCORED``.

    Raises ``DataError`` for answers that a metric cannot take.
    """
    evaluations = pc.unique(predictions["evaluation"])
    parts = (predictions.filter(pc.equal(predictions["evaluation"], evaluation)) for evaluation in evaluations)
    return pa.Table.from_pylist([line for rows in parts for line in _lines(task, rows)], schema=SCORED)


def _lines(task: Task, rows: pa.Table) -> Iterator[dict[str, Any]]:
    """One for each metric, from the rows of one evaluation."""
    shared: dict[str, Any] = {name: rows[name][0].as_py() for name in ("evaluation", "language", "split", "layer")}
    shared |= {
        "task": task.name,
        "n": rows.num_rows,
        "clusters": len(pc.unique(rows["cluster"])),
        "truncated": int(np.count_nonzero(rows["truncated"].to_numpy())),
    }
    gold, answers = rows["gold"].to_pylist(), rows["prediction"].to_pylist()
    for metric in task.format.metrics:
        try:
            value = metric.compute(gold, answers, shared["language"])
        except DataError as problem:
            where = f"{metric.name} of {task.name}, {shared['split']}/{shared['language']}"
            raise DataError(problem.what, where, problem.fix) from None
        about = {"metric": metric.name, "metric_version": metric.version}
        yield shared | about | {"value": value, "chance": metric.chance(gold)}


def scores_key(part: str, metrics: tuple[Metric, ...]) -> str:
    """Scores are keyed by the predictions and the metrics' versions."""
    return key([part, metrics])


def scores(store: Store, group: str, part: str, task: Task) -> pa.Table | None:
    """The stored scores of a part by today's metrics; None when they are not there, or cannot be read."""
    content = store.get(parts.scores_path(group, part, scores_key(part, task.format.metrics)))
    try:
        return None if content is None else from_parquet(content).cast(SCORED)
    except (pa.ArrowInvalid, ValueError, OSError):
        return None


def stored(store: Store, group: str, registry: Registry) -> pa.Table:
    """The scores that the store holds for a group of evaluations, schema ``SCORED``; each evaluation once."""
    tables = [SCORED.empty_table()]
    seen: set[str] = set()
    for name, task in parts.names(store, group):
        table = scores(store, group, name, registry.get(task))
        if table is not None:
            fresh = [evaluation not in seen for evaluation in table["evaluation"].to_pylist()]
            tables.append(table.filter(pa.array(fresh)))
            seen |= set(table["evaluation"].to_pylist())
    return pa.concat_tables(tables)
