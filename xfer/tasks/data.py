"""Rows of a task: from the Hub at a commit, or from a folder of the same layout. One loader for both.

A data root is a folder with ``org/name`` below it, as the Hub lays a data set out (a README whose ``configs``
name the files). The first root that has the data set wins; without one the Hub is asked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError
from xfer.fingerprint import file_digest
from xfer.tasks.task import Task


@dataclass(frozen=True)
class Location:
    """Where one split of one configuration is: a folder or a Hub id, and the commit."""

    path: str
    config: str
    split: str
    revision: str | None

    def __str__(self) -> str:
        return f"{self.path} ({self.config}, {self.split})"


@dataclass(frozen=True)
class DataRoots:
    """Folders that stand in for the Hub, and the Hub commits that a lock fixed."""

    folders: tuple[Path, ...] = ()
    revisions: Mapping[str, str] = field(default_factory=dict)

    def locate(self, task: Task, language: str, split: str) -> Location:
        """Where a task's split is. Raises ``DataError`` when the task has no such split or language."""
        if split not in task.splits:
            raise DataError(f"task {task.name} has no split '{split}'", fix=f"it has {', '.join(task.splits)}")
        if language not in task.languages:
            raise DataError(f"task {task.name} has no language '{language}'", fix=f"it has {', '.join(task.languages)}")
        hub_id = task.source.hub_id
        path = next((str(root / hub_id) for root in self.folders if (root / hub_id).is_dir()), hub_id)
        revision = None if path != hub_id else self.revisions.get(hub_id)
        return Location(path, task.source.config_of(language), task.splits[split], revision)

    def exists(self, task: Task, language: str, split: str) -> bool:
        """Whether the data set holds that language and split."""
        where = self.locate(task, language, split)
        return where.split in _splits_of(where.path, where.revision).get(where.config, ())

    def fingerprint(self, task: Task, language: str, split: str) -> str:
        """sha256 over the files' contents, or the Hub commit with configuration and split."""
        where = self.locate(task, language, split)
        if where.revision is not None:
            return f"{where.revision}:{where.config}:{where.split}"
        if not Path(where.path).is_dir():
            raise DataError("no data root holds it, and no commit on the Hub is known", str(where), self._fix())
        digest = hashlib.sha256()
        for file in self.files(where):
            digest.update(file_digest(Path(file)).encode())
        return digest.hexdigest()

    def files(self, where: Location) -> tuple[str, ...]:
        """The files of a split. Raises ``DataError`` when a folder or a file is missing."""
        files = _splits_of(where.path, where.revision).get(where.config, {}).get(where.split)
        if not files:
            raise DataError("there is no such configuration and split", str(where), self._fix())
        return files

    def rows(self, task: Task, language: str, split: str) -> pa.Table:
        """Normalised rows: ``example``, ``cluster`` and the format's fields, labels by name.

        Raises ``DataError`` for a file that cannot be read, a missing column, or a label outside the set.
        """
        where = self.locate(task, language, split)
        content = self.fingerprint(task, language, split)
        table, features = _read(where, content)
        return _normalised(task, table, features, str(where))

    def _fix(self) -> str:
        roots = os.pathsep.join(str(folder) for folder in self.folders) or "none given"
        return f"data roots: {roots}; give a folder in the Hub's layout with XFER_DATA or --data"


@lru_cache(maxsize=256)
def _splits_of(path: str, revision: str | None) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Configurations to splits to files, as the data set's README declares them."""
    from datasets import get_dataset_config_info, get_dataset_config_names, load_dataset_builder

    with _explained(path, "load"):
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for config in get_dataset_config_names(path, revision=revision):
            if Path(path).is_dir():
                builder = load_dataset_builder(path, config)
                found[config] = {str(s): tuple(files) for s, files in builder.config.data_files.items()}
            else:
                info = get_dataset_config_info(path, config, revision=revision)
                found[config] = {str(split): (f"{config}/{split}",) for split in info.splits or ()}
        return found


def _read(where: Location, content: str) -> tuple[pa.Table, Mapping[str, Any]]:
    from datasets import config, disable_progress_bars, load_dataset

    disable_progress_bars()
    with _explained(str(where), "read"):
        # The library keys its cache by a file's date; ours must follow the content.
        cache = None if where.revision else str(Path(config.HF_DATASETS_CACHE) / f"xfer-{content[:16]}")
        rows = load_dataset(where.path, where.config, split=where.split, revision=where.revision, cache_dir=cache)
        return rows.data.table.combine_chunks(), rows.features


@contextmanager
def _explained(where: str, doing: str) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # the library raises many kinds
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        first = (str(cause) or type(cause).__name__).strip().splitlines()[0]
        raise DataError(
            f"cannot {doing} the data set: {first[:200]}",
            where,
            "the Hub id must exist and be reachable, or a data root (XFER_DATA, --data) must hold a whole copy",
        ) from error


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
            values = _labels(task, values, features[column], column, where)
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
    class_names = getattr(feature.feature if nested else feature, "names", None)
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
