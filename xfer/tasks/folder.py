"""Files that are on no Hub, in the form in which their owners give them out: found, fingerprinted, read."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from xfer.errors import DataError
from xfer.fingerprint import file_digest


class Reader(ABC):
    """How the files of a data set are laid out and what they hold."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Raised when ``read`` gives something else for the same files."""

    def identity(self) -> object:
        """What of it shapes rows."""
        return [self.name, self.version]

    @abstractmethod
    def files(self, folder: Path, split: str, language: str) -> tuple[Path, ...]:
        """The files that make a split, in order, whether they are there or not; none if the layout has no such split.

        Where only the folder can say how many there are, a pattern stands for those of which there is none.
        """

    @abstractmethod
    def read(self, files: tuple[Path, ...]) -> pa.Table:
        """The rows of all these files; the columns are strings or lists of strings.

        Raises ``DataError`` with file and line.
        """


@dataclass(frozen=True)
class FolderSplit:
    """One split of one language in such a folder."""

    folder: Path | None
    """None: no data root has it."""
    name: str
    reader: Reader
    split: str
    language: str
    roots: tuple[Path, ...]
    """Where it was looked for."""

    def __str__(self) -> str:
        return f"{self.folder or self.name} ({self.language}, {self.split})"

    def exists(self) -> bool:
        """Whether all files of the split are there."""
        return bool(self.folder) and self._missing() is None

    def fingerprint(self) -> str:
        """sha256 over the files' contents."""
        digest = hashlib.sha256()
        for file in self.files():
            digest.update(file_digest(file).encode())
        return digest.hexdigest()

    def files(self) -> tuple[Path, ...]:
        """The files of the split. Raises ``DataError`` when one is not there."""
        if self.folder is None:
            roots = os.pathsep.join(map(str, self.roots)) or "none given"
            fix = f"data roots: {roots}; put a copy at {self.name} below one of them (XFER_DATA, --data)"
            raise DataError("no data root holds it", str(self), fix)
        if missing := self._missing():
            raise DataError(f"there is no {missing}", str(self), "give a whole copy, laid out as it was published")
        return self._named()

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]:
        return self.reader.read(self.files()), {}

    def _named(self) -> tuple[Path, ...]:
        return self.reader.files(self.folder, self.split, self.language) if self.folder else ()

    def _missing(self) -> str | None:
        """What of the split is not there; None if all is."""
        named = self._named()
        absent = (str(file.relative_to(self.folder or "")) for file in named if not file.is_file())
        return next(absent, None) if named else f"split '{self.split}'"
