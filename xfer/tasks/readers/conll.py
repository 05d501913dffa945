"""Files of columns, one token a line and a blank line between sentences, as the CoNLL shared tasks gave them out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from xfer.errors import DataError
from xfer.tasks.folder import Reader
from xfer.tasks.readers.lines import lines

BETWEEN = re.compile("[ \t]+")
"""Nothing else separates columns: a token may hold a space that does not break."""


@dataclass(frozen=True)
class Conll(Reader):
    """``SPLIT.txt``, one language."""

    columns: tuple[str, ...]
    """What to call the columns of the file, all of them, from left to right."""

    name: ClassVar[str] = "conll"
    version: ClassVar[int] = 1

    def identity(self) -> object:
        return [self.name, self.version, self.columns]

    def files(self, folder: Path, split: str, language: str) -> tuple[Path, ...]:
        return (folder / f"{split}.txt",)

    def read(self, files: tuple[Path, ...]) -> pa.Table:
        """One row a sentence, each column a list with one entry a token."""
        sentences = [list(zip(*tokens, strict=True)) for file in files for tokens in self._sentences(file)]
        return pa.table(
            {
                name: pa.array([values[place] for values in sentences], pa.list_(pa.string()))
                for place, name in enumerate(self.columns)
            }
        )

    def _sentences(self, file: Path) -> Iterator[list[list[str]]]:
        """The tokens of each sentence, each split into its columns."""
        tokens: list[list[str]] = []
        for where, line in lines(file):
            columns = BETWEEN.split(stripped) if (stripped := line.strip(" \t")) else []
            if columns and len(columns) != len(self.columns):
                fix = f"a token has {len(self.columns)} ({', '.join(self.columns)}) with white space between them"
                raise DataError(f"{len(columns)} columns", where, fix)
            if columns:
                tokens.append(columns)
            elif tokens:
                yield tokens
                tokens = []
        if tokens:
            yield tokens
