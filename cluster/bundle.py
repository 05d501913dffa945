"""What of a study travels to its pods: the file, its lock and its own tasks, in a ConfigMap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cluster.kube import ClusterError
from xfer.study import lock as locks
from xfer.study.opening import Opened, open_study
from xfer.study.plan import Plan

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


def bundle(path: Path) -> Bundle:
    """Read a study and its lock. Raises ``UserError`` where they are wrong, have no lock, or are too large."""
    opened = open_study(path)
    files = {
        file.relative_to(path.parent).as_posix(): file.read_text(encoding="utf-8") for file in _files(path, opened)
    }
    size = sum(len(name) + len(content.encode()) for name, content in files.items())
    if size > LIMIT:
        largest = max(files, key=lambda name: len(files[name]))
        what = f"the study's files take {size:,} bytes ({largest} most of them), and {LIMIT:,} can travel to a cluster"
        raise ClusterError(what, str(path), "make it several studies of one storage: they share what is trained")
    return Bundle(opened.study.study, path.name, files, opened.plan)


def _files(path: Path, opened: Opened) -> list[Path]:
    own = opened.study.registry.own
    tasks = sorted(own.glob("*.py")) if own else []
    for task in tasks:
        if path.parent.resolve() not in task.resolve().parents:
            raise ClusterError(f"{task} is not beside the study", str(path), "put own_tasks into the study's folder")
    return [path, locks.path_of(path), *(path.parent / task.relative_to(path.parent.resolve()) for task in tasks)]
