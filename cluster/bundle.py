"""What of a study travels to its pods: the file, its lock and its own tasks, in a ConfigMap."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cluster import inputs
from cluster.inputs import Input
from cluster.place import PlaceError
from xfer.study import lock as locks
from xfer.study import reading
from xfer.study.opening import open_study
from xfer.study.plan import Plan
from xfer.study.resolve import Roots, check_read

LIMIT = 1_000_000
"""Bytes that a ConfigMap holds (1 MiB), less its own fields."""


@dataclass(frozen=True)
class Bundle:
    """A study on its way."""

    study: str
    file: str
    """Name of the study's file."""
    files: dict[str, str]
    """Path from where the study is, and content."""
    plan: Plan
    inputs: tuple[Input, ...] = ()
    """Data and models of this machine."""


def bundle(path: Path) -> Bundle:
    """Read a study and its lock. Raises ``UserError`` where they are wrong, have no lock, or are too large."""
    opened = open_study(path)
    check_read(opened.lock, locks.path_of(path))
    files = files_of(path)
    size = sum(len(name) + len(content.encode()) for name, content in files.items())
    if size > LIMIT:
        largest = max(files, key=lambda name: len(files[name]))
        what = f"the study's files take {size:,} bytes ({largest} most of them), and {LIMIT:,} can travel to a cluster"
        raise PlaceError(what, str(path), "make it several studies of one storage: they share what is trained")
    local = inputs.of(opened.study, opened.lock, Roots.from_environment())
    return Bundle(opened.study.study, path.name, files, opened.plan, local)


def files_of(path: Path) -> dict[str, str]:
    """A study's file, its lock if there is one, and its own tasks: path from where the study is, and content."""
    own = reading.read(path).registry.own
    tasks = sorted(own.glob("*.py")) if own else []
    for task in tasks:
        if path.parent.resolve() not in task.resolve().parents:
            raise PlaceError(f"{task} is not beside the study", str(path), "put own_tasks into the study's folder")
    lock = locks.path_of(path)
    files = [path.resolve(), *([lock.resolve()] if lock.exists() else []), *(task.resolve() for task in tasks)]
    return {file.relative_to(path.parent.resolve()).as_posix(): file.read_text(encoding="utf-8") for file in files}


def archive(files: Mapping[str, str]) -> BinaryIO:
    """Files as one archive (tar, gzip)."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as stream:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content.encode())
            stream.addfile(entry, io.BytesIO(content.encode()))
    packed.seek(0)
    return packed
