"""Rows of a task in the fields of its format, wherever they come from: one loader for all tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError
from xfer.synthetic.world import World
from xfer.tasks.columns import Columns, feature_of, field_of, flat, numbers_of, replaced
from xfer.tasks.source import Split
from xfer.tasks.task import Task


@dataclass(frozen=True)
class DataRoots:
    """Folders that stand in for the Hub, the Hub commits that a lock fixed, and a study's generated world."""

    folders: tuple[Path, ...] = ()
    revisions: Mapping[str, str] = field(default_factory=dict)
    world: World = field(default_factory=World)

    def locate(self, task: Task, language: str, split: str) -> Split:
        """Where a task's split is. Raises ``DataError`` when the task has no such split or language."""
        if split not in task.splits:
            raise DataError(f"task {task.name} has no split '{split}'", fix=f"it has {', '.join(task.splits)}")
        if language not in task.languages:
            raise DataError(f"task {task.name} has no language '{language}'", fix=f"it has {', '.join(task.languages)}")
        return task.source.split(task.splits[split], language, self)

    def folder(self, name: str) -> Path | None:
        """The first folder ``name`` below a data root."""
        return next((root / name for root in self.folders if (root / name).is_dir()), None)

    def exists(self, task: Task, language: str, split: str) -> bool:
        """Whether the data hold that language and split."""
        return self.locate(task, language, split).exists()

    def fingerprint(self, task: Task, language: str, split: str) -> str:
        """What names the content of a split."""
        return self.locate(task, language, split).fingerprint()

    def rows(self, task: Task, language: str, split: str) -> pa.Table:
        """Normalised rows: ``example``, ``cluster`` and the format's fields, labels by name.

        Raises ``DataError`` for a file that cannot be read, a missing column, or a label outside the set.
        """
        where = self.locate(task, language, split)
        return _normalised(task, *where.read(), str(where))

    def column(self, task: Task, language: str, split: str, columns: Columns) -> pa.Array:
        """What a split's source holds there, a value for each of its rows, in their order.

        Raises ``DataError`` for a file that cannot be read, a missing column, or an empty value.
        """
        where = self.locate(task, language, split)
        return field_of(where.read()[0], columns, str(where))

    def resolved(self, task: Task) -> Task:
        """The task with the labels of its training data, where its file leaves them open."""
        if not task.open_labels:
            return task
        gold = self.rows(task, task.trains_in, "train")[task.format.gold].combine_chunks()
        return replace(task, labels=tuple(sorted(pc.unique(flat(gold)).to_pylist())), open_labels=False)


def _normalised(task: Task, table: pa.Table, features: Mapping[str, Any], where: str) -> pa.Table:
    columns = {"example": pa.array(np.arange(table.num_rows, dtype=np.int32))}
    columns["cluster"] = _clusters(field_of(table, task.cluster, where)) if task.cluster else columns["example"]
    for name, column in task.columns.items():
        is_gold = name == task.format.gold
        kind = task.format.numbers.get(name)
        is_text = not is_gold and kind is None
        values = field_of(table, column, where, is_list=name in task.format.lists, is_text=is_text)
        values = numbers_of(values, kind, column, where) if kind is not None else values
        if is_gold:
            values = _labels(task, values, features, str(column), where)
        columns[name] = replaced(values, task.words[name], column, where) if name in task.words else values
    rows = pa.table(columns)
    if task.drop_unlabelled:
        rows = rows.filter(pc.is_valid(rows[task.format.gold]))
    if rows.num_rows == 0:
        raise DataError("the split has no rows", where, "give a data set with rows")
    task.format.check(task, rows, where)
    return rows


def _clusters(values: pa.Array) -> pa.Array:
    """Number of the cluster, by first appearance: the same in every language of parallel data."""
    return values.dictionary_encode().indices.cast(pa.int32())


def _labels(task: Task, values: pa.Array, features: Mapping[str, Any], column: str, where: str) -> pa.Array:
    """Label values to our names; -1 and an empty name become null where the task drops unlabelled rows."""
    single = flat(values)
    class_names = getattr(feature_of(features, column), "names", None)
    in_words = pa.types.is_string(single.type) or class_names is not None
    if not in_words and not task.label_names:
        fix = "give them as class labels, or name each number in the task's label_names"
        raise DataError(f"column '{column}' holds numbers without names", where, fix)
    distinct = single.dictionary_encode()
    ours: list[str | None] = []
    for value in distinct.dictionary.to_pylist():
        if value in (-1, "") and task.drop_unlabelled:
            ours.append(None)
            continue
        known = class_names is None or 0 <= value < len(class_names)
        theirs = (value if class_names is None else class_names[value]) if known else value
        name = task.label_names.get(str(theirs), str(theirs) if in_words else None)
        if name is None or (name not in task.labels and not task.open_labels):
            at = int(pc.index(single, value).as_py())
            row = at if single is values else int(np.searchsorted(values.offsets.to_numpy(), at, side="right")) - 1
            raise DataError(
                f"row {row}: label '{theirs}' in column '{column}' is not one of task {task.name}'s",
                where,
                f"the task knows {', '.join(task.labels or task.label_names.values())}",
            )
        ours.append(name)
    named = pa.array(ours, pa.string()).take(distinct.indices)
    return named if single is values else pa.ListArray.from_arrays(values.offsets, named)
