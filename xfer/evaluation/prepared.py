"""A data set ready for a model: rows, sub-tokens, and the task they belong to; made once on a machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
import tokenizers

from xfer.evaluation.cache import TableCache
from xfer.evaluation.joined import joined
from xfer.fingerprint import digest, file_digest, key, seed_of
from xfer.io import cache_folder
from xfer.models.base import Base
from xfer.phase.data_set import DataSet
from xfer.tasks.batches import Encoded
from xfer.tasks.data import DataRoots
from xfer.tasks.formats.base import encoded_slices
from xfer.tasks.registry import Registry
from xfer.tasks.task import Task
from xfer.tasks.text import TextEncoder

LAYOUT = 1
"""Raised when what is kept on a machine is made in another way, beyond what formats' versions say."""


@dataclass(frozen=True)
class Prepared:
    """Rows of a data set and what a model takes of them."""

    task: Task
    rows: pa.Table
    encoded: Encoded


class Preparation:
    """Loads and encodes data sets for one tokenizer, and keeps the latest of them.

    Rows and sub-tokens are mapped from this machine's cache, so that its processes share them.
    """

    def __init__(self, roots: DataRoots, registry: Registry, base: Base, cache: TableCache | None = None) -> None:
        self.base = base
        self._roots, self._registry = roots, registry
        self._cache = TableCache(cache_folder()) if cache is None else cache
        self._kept = lru_cache(maxsize=64)(self._prepared)
        self._tasks: dict[str, Task] = {}

    def of(self, data: DataSet, max_length: int) -> Prepared:
        """The data set at that length."""
        return self._kept(data, max_length)

    def prepare(self, data: DataSet, max_length: int) -> None:
        """Have the data set ready on this machine for whoever asks next; nothing of it stays in this process."""
        name = self._encoded_key(self._registry.get(data.task), data, max_length)
        if not self._cache.holds(name):
            self._prepared(data, max_length)

    def _prepared(self, data: DataSet, max_length: int) -> Prepared:
        declared = self._registry.get(data.task)
        rows, task = self._rows(declared, data), self._task(declared)

        def encode() -> pa.Table:
            text = TextEncoder(self.base.tokenizer, max_length)
            return joined(lambda: encoded_slices(task, rows, text), self._cache.folder, data.title)

        if type(task.format).__module__.partition(".")[0] != "xfer":
            table = encode()  # of a format of the study's own, which may change from run to run without a new version
        else:
            table = self._made(self._encoded_key(declared, data, max_length), data, encode)
        return Prepared(task, rows, Encoded(table, task.format.together(task)))

    def _task(self, declared: Task) -> Task:
        if declared.name not in self._tasks:
            self._tasks[declared.name] = self._roots.resolved(declared)
        return self._tasks[declared.name]

    def _rows(self, task: Task, data: DataSet) -> pa.Table:
        place = (data.language, data.split)
        name = key(["rows", LAYOUT, data.task, *place, data.data, data.declaration])
        rows = self._made(name, data, lambda: self._roots.rows(task, *place))
        if data.examples is not None:
            random = np.random.default_rng(seed_of("sample", data.data, *place))
            rows = rows.take(np.sort(random.permutation(rows.num_rows)[: data.examples]))
        if data.shuffled:
            rows = task.format.shuffled(rows, np.random.default_rng(seed_of("shuffled labels", data.data)))
        return rows

    def _made(self, name: str, data: DataSet, make: Callable[[], pa.Table]) -> pa.Table:
        """A table from the cache, or a new one, which others of this machine wait for."""
        found = self._cache.find(name)
        if found is None:
            with self._cache.alone(name):
                found = self._cache.find(name)
                if found is None:
                    found = make()
                    if self._is_as_locked(data):
                        found = self._cache.put(name, found)
        return found

    def _is_as_locked(self, data: DataSet) -> bool:
        """Whoever exchanged a file after the lock was held against it must not spoil what others find."""
        return self._roots.fingerprint(self._registry.get(data.task), data.language, data.split) == data.data

    def _encoded_key(self, task: Task, data: DataSet, max_length: int) -> str:
        versions = [LAYOUT, task.format.name, task.format.version, tokenizers.__version__]
        return key(["encoded", *versions, data, self._tokenizer, max_length])

    @cached_property
    def _tokenizer(self) -> str:
        """What names the tokenizer by its content."""
        folder = self.base.folder
        return digest(self.base.spec.tokenizer) if folder is None else file_digest(folder / "tokenizer.json")
