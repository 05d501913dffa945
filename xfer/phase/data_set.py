"""DataSet: the rows that a phase trains on, or that a checkpoint is chosen or evaluated on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSet:
    """One split of one task in one language, as the lock resolved it."""

    task: str
    """Name of the task in the registry."""
    language: str
    """BCP-47 code."""
    split: str
    """The task's own split name: train, validation or test."""
    data: str
    """sha256 of the content, or the Hub commit."""
    declaration: str
    """Key of the task's resolved declaration (format, labels, columns and their versions)."""
    rows: int
    """Examples; follows from ``data``, so it is not part of the identity."""

    def identity(self) -> object:
        return [self.task, self.language, self.split, self.data, self.declaration]
