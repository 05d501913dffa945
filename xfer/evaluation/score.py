"""Scores from stored predictions: no model, no torch. A metric's new version costs no training."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xfer.fingerprint import key
from xfer.results.parts import from_parquet
from xfer.results.schema import SCORED
from xfer.store import parts
from xfer.store.store import Store
from xfer.tasks.metrics import Metric
from xfer.tasks.registry import Registry
from xfer.tasks.task import Task


def score(task: Task, predictions: pa.Table) -> pa.Table:
    """All of the task's metrics for every evaluation in a part, schema ``SCORED``."""
    lines = []
    for evaluation in pc.unique(predictions["evaluation"]).to_pylist():
        rows = predictions.filter(pc.equal(predictions["evaluation"], evaluation))
        gold, answers = rows["gold"].to_pylist(), rows["prediction"].to_pylist()
        for metric in task.format.metrics:
            lines.append(
                {
                    "evaluation": evaluation,
                    "task": task.name,
                    "language": rows["language"][0].as_py(),
                    "split": rows["split"][0].as_py(),
                    "layer": rows["layer"][0].as_py(),
                    "metric": metric.name,
                    "metric_version": metric.version,
                    "value": metric.compute(gold, answers),
                    "n": rows.num_rows,
                    "clusters": len(pc.unique(rows["cluster"])),
                    "chance": metric.chance(gold),
                    "truncated": int(np.count_nonzero(rows["truncated"].to_numpy())),
                }
            )
    return pa.Table.from_pylist(lines, schema=SCORED)


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
