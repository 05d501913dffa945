"""Data sets of the Hugging Face Hub at a commit, or folders of the same layout: found, fingerprinted, read.

A data root is a folder with ``org/name`` below it, as the Hub lays a data set out: a README whose ``configs`` name the
files, or the folders of ``refs/convert/parquet``, the branch to which the Hub converts what has a loading script. The
first root that has the data set wins; without one the Hub is asked.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError
from xfer.fingerprint import file_digest

TOGETHER = "+"
"""Stands between names of splits that are read as one, one after the other."""

CONVERTED = "refs/convert/parquet"
"""Branch to which the Hub converts data sets."""

CONVERTED_FILE = re.compile(r"(?P<config>[^/]+)/(?P<split>[^/]+)/\d{4}\.parquet")
"""Path of a file on that branch."""

Splits = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Configurations to splits to files."""


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
    converted: bool = False
    """Whether the commit is one of the branch ``CONVERTED``."""

    def __str__(self) -> str:
        rows = f", {self.begins[0]} {self.begins[1]}..." if self.begins else ""
        return f"{self.path} ({self.config}, {self.split}{rows})"

    def exists(self) -> bool:
        """Whether the data set has that configuration and split, and any such row."""
        known = self._splits().get(self.config, {})
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
        return tuple(file for name in self.split.split(TOGETHER) for file in self._files(name))

    def _splits(self) -> Splits:
        return self._by_folders() or _splits_of(self.path, self.revision)

    def _by_folders(self) -> Splits:
        return _converted(self.path, self.revision) if self.converted or Path(self.path).is_dir() else {}

    def _files(self, split: str) -> tuple[str, ...]:
        found = self._splits().get(self.config, {}).get(split, ())
        if not found:
            raise DataError("there is no such configuration and split", str(self), self._fix())
        return found

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]:
        """The rows as they come, and the library's features by column. Raises ``DataError``."""
        from datasets import config, disable_progress_bars, load_dataset

        content = self.fingerprint()
        disable_progress_bars()
        with _explained(str(self), "read"):
            # The library keys its cache by a file's date; ours must follow the content.
            cache = None if self.revision else str(Path(config.HF_DATASETS_CACHE) / f"xfer-{content[:16]}")
            if self._by_folders():
                files = {name: list(self._files(name)) for name in self.split.split(TOGETHER)}
                rows = load_dataset("parquet", data_files=files, split=self.split, cache_dir=cache)
            else:
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


def holds(folder: Path, config: str) -> bool:
    """Whether the data set in a folder has a configuration of that name; ``*`` stands for anything."""
    known = _converted(str(folder), None) or _splits_of(str(folder), None)
    return any(fnmatchcase(name, config) for name in known)


@lru_cache(maxsize=256)
def _splits_of(path: str, revision: str | None) -> Splits:
    """What the data set's README declares."""
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


@lru_cache(maxsize=256)
def _converted(path: str, revision: str | None) -> Splits:
    """What lies there as the Hub lays out what it converts; nothing where there is none of that."""
    from huggingface_hub import HfApi

    if Path(path).is_dir():
        readme = Path(path) / "README.md"
        if readme.is_file() and "\nconfigs:" in readme.read_text(encoding="utf-8"):
            return {}  # it says itself where its files are
        root = f"{path}/"
        names = [file.relative_to(path).as_posix() for file in Path(path).rglob("*.parquet")]
    else:
        root = f"hf://datasets/{path}@{revision}/"
        with _explained(path, "load"):
            names = HfApi().list_repo_files(path, repo_type="dataset", revision=revision)
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in sorted(names):
        if match := CONVERTED_FILE.fullmatch(name):
            splits = found.setdefault(match["config"], {})
            splits[match["split"]] = (*splits.get(match["split"], ()), root + name)
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
