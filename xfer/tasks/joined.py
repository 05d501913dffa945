"""The same split of several tasks, their rows one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xfer.fingerprint import digest

if TYPE_CHECKING:
    from xfer.tasks.data import DataRoots
    from xfer.tasks.task import Task


@dataclass(frozen=True)
class JoinedSplit:
    """The same split of several tasks."""

    parts: tuple[Task, ...]
    name: str
    language: str
    roots: DataRoots

    def __str__(self) -> str:
        return f"{' + '.join(part.name for part in self.parts)} ({self.language}, {self.name})"

    def exists(self) -> bool:
        return all(self.roots.exists(part, self.language, self.name) for part in self.parts)

    def fingerprint(self) -> str:
        return digest([self.roots.fingerprint(part, self.language, self.name) for part in self.parts])

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]:
        """Rows in the format's fields; clusters of different parts are apart."""
        tables, first = [], 0
        for part in self.parts:
            rows = self.roots.rows(part, self.language, self.name)
            cluster = pa.array(rows["cluster"].to_numpy() + first, pa.int32())
            first = int(cluster.to_numpy().max()) + 1
            tables.append(rows.select(sorted(part.columns)).append_column("cluster", cluster))
        return pa.concat_tables(tables, promote_options="permissive").combine_chunks(), {}
