"""DataSet: the rows that a phase trains on, or that a checkpoint is chosen or evaluated on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xfer.fingerprint import Identified

IDENTITY = ("task", "language", "split", "data", "declaration", "examples", "shuffled")
"""Fields that a data set's identity lists, in this order."""


@dataclass(frozen=True)
class DataSet(Identified):
    """One split of one task in one language, as the lock resolved it, or a part of it."""

    task: str
    """Name of the task in the registry."""
    language: str
    """BCP-47 code."""
    split: str
    """The task's own split name: train, validation or test."""
    data: str
    """sha256 of the content, the Hub commit, or the key of what it is generated from."""
    declaration: str
    """Key of the task's resolved declaration (format, labels, columns and their versions)."""
    rows: int
    """Examples; follows from ``data`` and ``examples``, so it is not part of the identity."""
    examples: int | None = None
    """So many rows drawn at random, the same ones for every seed; None: all."""
    shuffled: bool = False
    """A control: each row has the label of another row."""

    def identity(self) -> object:
        return [getattr(self, name) for name in IDENTITY]

    @property
    def title(self) -> str:
        """For people: the task, and what of it."""
        examples = "" if self.examples is None else f" ({self.examples})"
        return f"{self.task}{examples}{', shuffled labels' if self.shuffled else ''}"

    def part(self, examples: int | None, shuffled: bool = False) -> DataSet:
        """At most ``examples`` of its rows (None: all), with labels shuffled if asked."""
        if examples is None or examples >= self.rows:
            return replace(self, shuffled=shuffled)
        return replace(self, rows=examples, examples=examples, shuffled=shuffled)
