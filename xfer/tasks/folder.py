"""Files that are on no Hub, in the form in which their owners give them out: found, fingerprinted, read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from xfer.errors import DataError
from xfer.fingerprint import file_digest


class Reader(Protocol):
    """How the files of a data set are laid out and what they hold."""

    name: str
    version: int
    """Raised when ``read`` gives something else for the same files."""

    def files(self, folder: Path, split: str, language: str) -> tuple[Path, ...]:
        """The files of a split, in order; none if the folder does not hold it."""

    def read(self, files: tuple[Path, ...], split: str) -> pa.Table:
        """Their rows. Raises ``DataError`` with file and line."""


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
        return bool(self._found())

    def fingerprint(self) -> str:
        """sha256 over the files' contents."""
        digest = hashlib.sha256()
        for file in self.files():
            digest.update(file_digest(file).encode())
        return digest.hexdigest()

    def files(self) -> tuple[Path, ...]:
        """The files of the split. Raises ``DataError`` when there are none."""
        found = self._found()
        if not found:
            roots = os.pathsep.join(map(str, self.roots)) or "none given"
            fix = f"data roots: {roots}; put a copy at {self.name} below one of them (XFER_DATA, --data)"
            raise DataError("its files are in no data root", str(self), fix)
        return found

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]:
        return self.reader.read(self.files(), self.split), {}

    def _found(self) -> tuple[Path, ...]:
        return self.reader.files(self.folder, self.split, self.language) if self.folder else ()
