"""Local data and models that a study was locked with: they go into a place's storage once, by their content."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cluster.place import PlaceError
from xfer.fingerprint import file_digest
from xfer.models import spec
from xfer.study.lock import Lock
from xfer.study.resolve import Roots
from xfer.study.schema import Study
from xfer.tasks.data import DataRoots


@dataclass(frozen=True)
class Input:
    """A data set or a model in a folder of this machine."""

    variable: str
    """What names the folders that it is looked for in: ``XFER_DATA`` or ``XFER_MODELS``."""
    name: str
    """Its path below such a folder: ``org/name``."""
    folder: Path

    @cached_property
    def key(self) -> str:
        """First 16 hex of sha256 over its files' names and contents: the folder that it has in a storage."""
        digest = hashlib.sha256(self.name.encode())
        for path, file in self.files():
            digest.update(f"\0{path}\0{file_digest(file)}".encode())
        return digest.hexdigest()[:16]

    @property
    def mark(self) -> str:
        """Path of what says that all of it has arrived."""
        return f"inputs/{self.key}.json"

    def files(self) -> Iterator[tuple[str, Path]]:
        """Its files by their path below it; what is hidden is left out."""
        for file in sorted(self.folder.rglob("*")):
            path = file.relative_to(self.folder)
            if file.is_file() and not any(part.startswith(".") for part in path.parts):
                yield path.as_posix(), file


def of(study: Study, lock: Lock, roots: Roots) -> tuple[Input, ...]:
    """What of a study's data and models has no commit on the Hub and is in a folder here.

    What is in none is the place's to have. Raises ``PlaceError`` for a model that is named by a path out of the study.
    """
    sources = [study.registry.get(name).source for name in {place.split("/")[0] for place in lock.splits}]
    data = DataRoots(roots.data)
    names = {name for source in sources for name in source.here(data)} - set(lock.revisions)
    folders = ((name, data.folder(name)) for name in sorted(names))
    found = [Input("XFER_DATA", name, folder) for name, folder in folders if folder is not None]
    for i, ref in enumerate(study.models):
        folder = spec.find(ref.id, roots.models, study.path.parent) if ref.scratch is None else None
        if folder is None or lock.model(ref.id).revision is not None:
            continue
        if PurePosixPath(ref.id).is_absolute() or ".." in PurePosixPath(ref.id).parts:
            fix = "name it by its path below a folder that --models gives"
            raise PlaceError(f"the model {ref.id} cannot travel by that name", study.where("models", i), fix)
        found.append(Input("XFER_MODELS", ref.id, folder))
    return tuple(found)


def variables(inputs: Iterable[Input]) -> dict[str, str]:
    """What tells pods of their inputs: by variable, keys of the folders that they are to look in."""
    keys: dict[str, list[str]] = {}
    for one in inputs:
        keys.setdefault(one.variable, []).append(one.key)
    return {"XFER_INPUTS": json.dumps(keys)} if keys else {}


@contextmanager
def archive(one: Input) -> Iterator[BinaryIO]:
    """An input as one archive (tar, gzip) of a storage's objects, with its mark at the end."""
    with tempfile.TemporaryFile(prefix="xfer-input-") as packed:
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as stream:
            for path, file in one.files():
                stream.add(file.resolve(), f"inputs/{one.key}/{one.name}/{path}", recursive=False)
            content = json.dumps({"name": one.name, "from": one.variable}).encode()
            entry = tarfile.TarInfo(one.mark)
            entry.size = len(content)
            stream.addfile(entry, BytesIO(content))
        packed.seek(0)
        yield packed
