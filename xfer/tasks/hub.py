"""Data sets of the Hugging Face Hub at a commit, or folders of the same layout: found, fingerprinted, read.

A data root is a folder with ``org/name`` below it, as the Hub lays a data set out (a README whose ``configs``
name the files). The first root that has the data set wins; without one the Hub is asked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError
from xfer.fingerprint import file_digest

TOGETHER = "+"
"""Stands between names of splits that are read as one, one after the other."""


@dataclass(frozen=True)
class HubSplit:
    """One split of one configuration: of a folder, or of a Hub id at a commit."""

    path: str
    config: str
    split: str
    revision: str | None
    roots: tuple[Path, ...]
    """Where folders were looked for."""
    begins: tuple[str, str] | None = None
    """Only the rows whose column begins so."""

    def __str__(self) -> str:
        rows = f", {self.begins[0]} {self.begins[1]}..." if self.begins else ""
        return f"{self.path} ({self.config}, {self.split}{rows})"

    def exists(self) -> bool:
        """Whether the data set has that configuration and split, and any such row."""
        known = _splits_of(self.path, self.revision).get(self.config, {})
        return known.keys() >= set(self.split.split(TOGETHER)) and (not self.begins or self.read()[0].num_rows > 0)

    def fingerprint(self) -> str:
        """sha256 over the files' contents, or the Hub commit with configuration and split."""
        if self.revision is not None:
            return f"{self.revision}:{self.config}:{self.split}"
        if not Path(self.path).is_dir():
            raise DataError("no data root holds it, and no commit on the Hub is known", str(self), self._fix())
        digest = hashlib.sha256()
        for file in self.files():
            digest.update(file_digest(Path(file)).encode())
        return digest.hexdigest()

    def files(self) -> tuple[str, ...]:
        """The files of the split. Raises ``DataError`` when a folder or a file is missing."""
        known = _splits_of(self.path, self.revision).get(self.config, {})
        found = [known.get(name, ()) for name in self.split.split(TOGETHER)]
        if not all(found):
            raise DataError("there is no such configuration and split", str(self), self._fix())
        return tuple(file for files in found for file in files)

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]:
        """The rows as they come, and the library's features by column. Raises ``DataError``."""
        from datasets import config, disable_progress_bars, load_dataset

        content = self.fingerprint()
        disable_progress_bars()
        with _explained(str(self), "read"):
            # The library keys its cache by a file's date; ours must follow the content.
            cache = None if self.revision else str(Path(config.HF_DATASETS_CACHE) / f"xfer-{content[:16]}")
            rows = load_dataset(self.path, self.config, split=self.split, revision=self.revision, cache_dir=cache)
            return self._wanted(rows.data.table), rows.features

    def _wanted(self, table: pa.Table) -> pa.Table:
        if self.begins is None:
            return table
        column, prefix = self.begins
        if column not in table.column_names:
            raise DataError(f"column '{column}' is missing", str(self), f"it has {', '.join(table.column_names)}")
        return table.filter(pc.starts_with(table[column], prefix)).combine_chunks()

    def _fix(self) -> str:
        roots = os.pathsep.join(str(folder) for folder in self.roots) or "none given"
        return f"data roots: {roots}; give a folder in the Hub's layout with XFER_DATA or --data"


@lru_cache(maxsize=256)
def _splits_of(path: str, revision: str | None) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Configurations to splits to files, as the data set's README declares them."""
    from datasets import get_dataset_config_info, get_dataset_config_names, load_dataset_builder

    with _explained(path, "load"):
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for config in get_dataset_config_names(path, revision=revision):
            if Path(path).is_dir():
                builder = load_dataset_builder(path, config)
                found[config] = {str(s): tuple(files) for s, files in builder.config.data_files.items()}
            else:
                info = get_dataset_config_info(path, config, revision=revision)
                found[config] = {str(split): (f"{config}/{split}",) for split in info.splits or ()}
        return found


@contextmanager
def _explained(where: str, doing: str) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # the library raises many kinds
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        first = (str(cause) or type(cause).__name__).strip().splitlines()[0]
        raise DataError(
            f"cannot {doing} the data set: {first[:200]}",
            where,
            "the Hub id must exist and be reachable, or a data root (XFER_DATA, --data) must hold a whole copy",
        ) from error
