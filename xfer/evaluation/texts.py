"""The texts of a task's rows, and which of them count."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xfer.errors import DataError
from xfer.evaluation.likeness import letters, normal
from xfer.tasks.task import Task

WHOLE, PART = 5, 20
"""Letters that a text needs to count: where it is all of its example, and where it is a part of it. So neither
``Yes.`` nor an answer of one word is an overlap."""

Ints = npt.NDArray[np.int32]


class Place(NamedTuple):
    """One split of one task in one language."""

    task: str
    language: str
    split: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True)
class Texts:
    """The texts of one place."""

    fields: Mapping[str, Sequence[Sequence[str]]]
    """By the source's column: each row's texts; several where they are answers to choose from."""
    examples: Ints
    """Each row's number in the source split."""
    keys: Sequence[Hashable] = ()
    """What a row shares with its translations alone; empty where languages hold different examples."""

    @property
    def minimum(self) -> int:
        """Letters that a text needs to count."""
        alone = len(self.fields) == 1 and all(len(texts) == 1 for rows in self.fields.values() for texts in rows)
        return WHOLE if alone else PART


def texts_of(task: Task, rows: pa.Table, where: str, keys: Sequence[Hashable] = ()) -> Texts:
    """The texts of normalised rows. Raises ``DataError`` for a field that holds something else."""
    fields: dict[str, Sequence[Sequence[str]]] = {}
    for name in task.format.texts:
        if name not in task.columns or name in task.words:
            continue  # what is put in a few fixed words is no text of an example
        columns, values = task.columns[name], rows[name]
        column = columns if isinstance(columns, str) else ", ".join(columns)
        several = pa.types.is_list(values.type) or pa.types.is_large_list(values.type)
        kind = values.type.value_type if several else values.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise DataError(f"column '{column}' holds {values.type}, not text", where, "give it as text")
        found = values.to_pylist()
        if several and not task.format.in_words:
            fields[column] = found
        else:
            fields[column] = [(" ".join(text) if several else text,) for text in found]
    return Texts(fields, rows["example"].to_numpy(), keys)


def counted(texts: Iterable[str], minimum: int) -> Iterator[tuple[str, str]]:
    """Those texts that are long enough, with their words."""
    for text in texts:
        words = normal(text)
        if letters(words) >= minimum:
            yield text, words
