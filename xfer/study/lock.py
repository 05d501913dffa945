"""Lock: what a study's names resolved to. Pure: made by ``resolve`` where the data are, read anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from xfer.errors import LockError
from xfer.fingerprint import key, plain
from xfer.io import write_whole
from xfer.models.published import MARK
from xfer.models.spec import ModelSpec
from xfer.phase.data_set import DataSet
from xfer.phase.versions import PREDICTION, TRAINING
from xfer.tasks.registry import Registry
from xfer.tasks.task import Task

RELOCK = "make it anew with: xfer lock"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LockedSplit(_Part):
    """One split of one task in one language."""

    data: str
    """sha256 of the content, or the Hub commit with configuration and split."""
    rows: int
    lengths: Mapping[str, Mapping[int, int]]
    """By model: input length in sub-tokens, rounded up to a padded length, to the number of inputs."""


class Lock(_Part):
    """Everything that ``plan`` needs besides the study and its decisions."""

    format: Literal[1] = 1
    components: Mapping[str, int]
    """Versions of the components that shape numbers."""
    tasks: Mapping[str, Mapping[str, Any]]
    """Resolved declarations."""
    revisions: Mapping[str, str]
    """Hub ids of data sets to commits; none for folders."""
    asked: tuple[str, ...]
    """``task/language/split`` of all that was looked for, found or not."""
    splits: Mapping[str, LockedSplit]
    """``task/language/split`` to what is there."""
    models: Mapping[str, ModelSpec]

    @property
    def is_published(self) -> bool:
        """Whether it holds sizes as published, and nothing that could be run."""
        return any(split.data == MARK for split in self.splits.values())

    @cached_property
    def _declarations(self) -> dict[str, str]:
        """Keys of the tasks' declarations: asked for again and again."""
        return {task: key(declared) for task, declared in self.tasks.items()}

    def data_set(self, task: str, language: str, split: str) -> DataSet:
        """A data set as the lock knows it. Raises ``LockError`` when it does not."""
        locked = self.splits.get(f"{task}/{language}/{split}")
        if locked is None:
            raise LockError(f"{task}/{language}/{split} is not in the lock", fix=RELOCK)
        return DataSet(task, language, split, locked.data, self._declarations[task], locked.rows)

    def languages(self, task: Task, split: str) -> tuple[str, ...]:
        """Languages of a task that the data hold for a split, in the task's order."""
        return tuple(code for code in task.languages if f"{task.name}/{code}/{split}" in self.splits)

    def model(self, name: str) -> ModelSpec:
        if name not in self.models:
            raise LockError(f"model '{name}' is not in the lock", fix=RELOCK)
        return self.models[name]


def path_of(study: Path) -> Path:
    """``STUDY.lock.json`` beside the study."""
    return study.with_name(study.stem + ".lock.json")


def components(tasks: Iterable[Task]) -> dict[str, int]:
    """Versions of this installation's components that shape the numbers of these tasks, by name."""
    versions = {f"training.{name}": version for name, version in TRAINING.items()}
    versions |= {f"prediction.{name}": version for name, version in PREDICTION.items()}
    for task in tasks:
        versions[f"format.{task.format.name}"] = task.format.version
        versions |= {f"metric.{metric.name}": metric.version for metric in task.format.metrics}
    return dict(sorted(versions.items()))


def declarations(tasks: Iterable[Task]) -> dict[str, Any]:
    """Resolved declarations by the tasks' names."""
    return {task.name: plain(task.declaration()) for task in sorted(tasks, key=lambda task: task.name)}


def write(path: Path, lock: Lock) -> None:
    content = json.dumps(lock.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
    write_whole(path, (content + "\n").encode())


def read(path: Path, registry: Registry) -> Lock:
    """The lock at ``path``. Raises ``LockError`` when it is none, or not for this version's components."""
    try:
        lock = Lock.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise LockError("this is not a lock that this version reads", str(path), RELOCK) from error
    _check_components(lock, registry, path)
    return lock


def _check_components(lock: Lock, registry: Registry, path: Path) -> None:
    everything = components(registry.get(name) for name in registry.names())
    known = {name: registry.get(name) for name in lock.tasks if name in registry.names()}
    changed = [f"task {name}" for name in lock.tasks if name not in known]
    changed += [
        f"{name} (lock {version}, here none)" for name, version in lock.components.items() if name not in everything
    ]
    changed += [
        f"{name} (lock {lock.components.get(name, 'none')}, here {version})"
        for name, version in components(known.values()).items()
        if version != lock.components.get(name)
    ]
    changed += [
        f"task {name}"
        for name, declaration in lock.tasks.items()
        if name in known and plain(known[name].declaration()) != declaration
    ]
    if changed:
        raise LockError(
            f"it was made for other components: {', '.join(changed)}",
            str(path),
            f"{RELOCK}; phases that they shape get new keys and are trained again",
        )
