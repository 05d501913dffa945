"""Evaluation: one checkpoint's predictions for one data set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from xfer.fingerprint import key
from xfer.phase.data_set import DataSet
from xfer.phase.selection import Selection


@dataclass(frozen=True)
class Evaluation:
    """Predictions of ``subject`` for ``data``. Scores are made from them later and keyed apart."""

    subject: Selection
    data: DataSet
    head: str
    """Name of the head that answers: the task it was trained on; empty for hidden states."""
    precision: str
    max_length: int
    versions: tuple[tuple[str, int], ...]
    layer: int | None = None
    """Hidden layer to pool, where it is not the one at the task's own depth."""

    @cached_property
    def key(self) -> str:
        return key(self)

    @cached_property
    def group(self) -> str:
        """Evaluations of one checkpoint, task and split are made together and stored in one part."""
        return key([self.subject, self.data.task, self.data.split])

    def identity(self) -> object:
        return ({} if self.layer is None else {"layer": self.layer}) | {
            "subject": self.subject,
            "data": self.data,
            "head": self.head,
            "precision": self.precision,
            "max_length": self.max_length,
            "versions": [list(pair) for pair in self.versions],
        }
