"""A data set ready for a model: rows, sub-tokens, and the task they belong to; made once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from xfer.fingerprint import seed_of
from xfer.models.base import Base
from xfer.phase.data_set import DataSet
from xfer.tasks.batches import Encoded
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import Registry
from xfer.tasks.task import Task
from xfer.tasks.text import TextEncoder


@dataclass(frozen=True)
class Prepared:
    """Rows of a data set and what a model takes of them."""

    task: Task
    rows: pa.Table
    encoded: Encoded


class Preparation:
    """Loads and encodes data sets for one tokenizer, and keeps the latest of them."""

    def __init__(self, roots: DataRoots, registry: Registry, base: Base) -> None:
        self.base = base
        self._roots, self._registry = roots, registry
        self._kept = lru_cache(maxsize=64)(self._prepare)

    def of(self, data: DataSet, max_length: int) -> Prepared:
        """The data set at that length."""
        return self._kept(data, max_length)

    def _prepare(self, data: DataSet, max_length: int) -> Prepared:
        task = self._registry.get(data.task)
        rows = self._roots.rows(task, data.language, data.split)
        if data.examples is not None:
            random = np.random.default_rng(seed_of("sample", data.data, data.language, data.split))
            rows = rows.take(np.sort(random.permutation(rows.num_rows)[: data.examples]))
        if data.shuffled:
            rows = task.format.shuffled(rows, np.random.default_rng(seed_of("shuffled labels", data.data)))
        encoded = task.format.encode(task, rows, TextEncoder(self.base.tokenizer, max_length))
        return Prepared(task, rows, Encoded(encoded))
