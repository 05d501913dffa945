"""Rows of a task in the fields of its format, wherever they come from: one loader for all tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError
from xfer.fingerprint import key
from xfer.synthetic import tables
from xfer.synthetic.world import World
from xfer.tasks.hub import HubSplit
from xfer.tasks.task import Generated, Task


class Split(Protocol):
    """One split of one language of a source. Its ``str`` is for messages."""

    def exists(self) -> bool: ...

    def fingerprint(self) -> str: ...

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]: ...


@dataclass(frozen=True)
class GeneratedSplit:
    """A table of a generated world."""

    world: World
    table: str
    language: str
    split: str

    def __str__(self) -> str:
        return f"generated {self.table} ({self.language}, {self.split})"

    def exists(self) -> bool:
        return self.split in tables.splits(self.world, self.table, self.language)

    def fingerprint(self) -> str:
        """What it is generated from: the same world gives the same rows on every machine."""
        return key(tables.identity(self.world, self.table, self.language, self.split))

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]:
        return tables.table(self.world, self.table, self.language, self.split), {}


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
        source = task.source
        if isinstance(source, Generated):
            return GeneratedSplit(self.world, source.table, language, task.splits[split])
        path = next((str(root / source.hub_id) for root in self.folders if (root / source.hub_id).is_dir()), "")
        revision = None if path else self.revisions.get(source.hub_id)
        config = source.config_of(language)
        return HubSplit(path or source.hub_id, config, task.splits[split], revision, self.folders)

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


def _normalised(task: Task, table: pa.Table, features: Mapping[str, Any], where: str) -> pa.Table:
    for column in {*task.columns.values(), *([task.cluster] if task.cluster else [])}:
        if column not in table.column_names:
            has = ", ".join(table.column_names)
            raise DataError(f"column '{column}' is missing", where, f"it has {has}")
    columns = {"example": pa.array(np.arange(table.num_rows, dtype=np.int32))}
    columns["cluster"] = _clusters(table[task.cluster]) if task.cluster else columns["example"]
    for name, column in task.columns.items():
        values = table[column].combine_chunks()
        if empty := values.null_count or (values.flatten().null_count if pa.types.is_nested(values.type) else 0):
            raise DataError(f"column '{column}' has {empty} empty values", where, "fill them in")
        if name in ("label", "tags"):
            values = _labels(task, values, features.get(column), column, where)
        columns[name] = values
    rows = pa.table(columns)
    if task.drop_unlabelled:
        rows = rows.filter(pc.is_valid(rows["label"]))
    if rows.num_rows == 0:
        raise DataError("the split has no rows", where, "give a data set with rows")
    task.format.check(task, rows, where)
    return rows


def _clusters(values: pa.ChunkedArray) -> pa.Array:
    """Number of the cluster, by first appearance: the same in every language of parallel data."""
    return values.combine_chunks().dictionary_encode().indices.cast(pa.int32())


def _labels(task: Task, values: pa.Array, feature: Any, column: str, where: str) -> pa.Array:
    """Label values to our names; -1 becomes null where the task drops unlabelled rows."""
    nested = pa.types.is_list(values.type) or pa.types.is_large_list(values.type)
    flat = values.flatten() if nested else values
    class_names = getattr(getattr(feature, "feature", None) if nested else feature, "names", None)
    if not pa.types.is_string(flat.type) and class_names is None:
        raise DataError(f"column '{column}' holds numbers without names", where, "give them as class labels")
    distinct = flat.dictionary_encode()
    ours: list[str | None] = []
    for value in distinct.dictionary.to_pylist():
        if value == -1 and task.drop_unlabelled:
            ours.append(None)
            continue
        known = class_names is None or 0 <= value < len(class_names)
        theirs = (value if class_names is None else class_names[value]) if known else value
        name = task.label_names.get(str(theirs), str(theirs))
        if name not in task.labels:
            at = int(pc.index(flat, value).as_py())
            row = int(np.searchsorted(values.offsets.to_numpy(), at, side="right")) - 1 if nested else at
            raise DataError(
                f"row {row}: label '{theirs}' in column '{column}' is not one of task {task.name}'s",
                where,
                f"the task knows {', '.join(task.labels)}",
            )
        ours.append(name)
    named = pa.array(ours, pa.string()).take(distinct.indices)
    return pa.ListArray.from_arrays(values.offsets.cast(pa.int32()), named) if nested else named
