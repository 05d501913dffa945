"""Where a task's rows come from: the Hub, a folder in a form of its own, a generated world, or other tasks together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from xfer.fingerprint import key
from xfer.synthetic import tables
from xfer.synthetic.world import World
from xfer.tasks.folder import FolderSplit, Reader
from xfer.tasks.hub import CONVERTED, HubSplit, holds
from xfer.tasks.joined import JoinedSplit

if TYPE_CHECKING:
    from xfer.tasks.data import DataRoots
    from xfer.tasks.task import Task


class Split(Protocol):
    """One split of one language of a source. Its ``str`` is for messages."""

    def exists(self) -> bool: ...

    def fingerprint(self) -> str: ...

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]: ...


class Source(ABC):
    """Where rows come from. Its ``str`` is for messages and lists."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Data sets by their path below a data root."""
        return ()

    def here(self, roots: DataRoots) -> tuple[str, ...]:
        """Those of them that are read from a data root."""
        return tuple(name for name in self.ids if roots.folder(name))

    def on_hub(self, roots: DataRoots) -> Mapping[str, str]:
        """Data sets that the Hub must give because no data root has them, and the branch that each is read from."""
        return {}

    @property
    def title(self) -> str:
        """For people: what of which data set."""
        return str(self)

    @abstractmethod
    def identity(self) -> object:
        """What of it shapes rows."""

    @abstractmethod
    def check(self, task: Task) -> None:
        """Raise ``ValueError`` or ``LookupError`` for a task that this source cannot serve."""

    @abstractmethod
    def split(self, name: str, language: str, roots: DataRoots) -> Split:
        """One split, by the source's own name for it."""


@dataclass(frozen=True)
class Hub(Source):
    """A data set on the Hugging Face Hub, or a folder of the same layout under a data root."""

    hub_id: str
    config: str
    """Configuration; ``{code}`` stands for the source's own code of a language."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The source's own codes, where they are not BCP-47."""
    begins: tuple[str, str] | None = None
    """Only rows whose column begins so; ``{code}`` as above."""
    branch: str = "main"
    """Branch of the Hub that holds the data as files: ``refs/convert/parquet`` for what has a loading script."""
    copies: tuple[tuple[str, str], ...] = ()
    """Ids and configurations of the same data elsewhere: for where a data root has them and not the data set itself."""

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.hub_id, *(name for name, _ in self.copies))

    @property
    def title(self) -> str:
        sets = ((self.hub_id, self.config), *self.copies)
        return " or ".join(f"{name} ({config.replace('{code}', 'LANGUAGE')})" for name, config in sets)

    def here(self, roots: DataRoots) -> tuple[str, ...]:
        hub_id, _ = self._where(roots)
        return (hub_id,) if roots.folder(hub_id) else ()

    def on_hub(self, roots: DataRoots) -> Mapping[str, str]:
        hub_id, _ = self._where(roots)
        return {} if roots.folder(hub_id) else {hub_id: self.branch}

    def identity(self) -> object:
        # The codes shape rows only where these are told apart by them.
        return [self.hub_id, self.config, *([list(self.begins), self.codes] if self.begins else [])]

    def check(self, task: Task) -> None:
        if not task.languages:
            raise ValueError("languages is empty")
        if "train" in task.splits and task.trains_in not in task.languages:
            raise ValueError(f"trains_in is '{task.trains_in}', which is not one of its languages")
        for text in (self.config, *(config for _, config in self.copies), *(self.begins or ())):
            try:
                text.format(code=task.languages[0])
            except (LookupError, ValueError) as error:
                raise ValueError(f"'{text}' in its source may name nothing but {{code}}") from error

    def _where(self, roots: DataRoots) -> tuple[str, str]:
        """Id and configuration: of the first copy that a data root holds, or of the data set itself."""
        itself = (self.hub_id, self.config)
        for hub_id, config in (itself, *self.copies) if self.copies else ():
            if (folder := roots.folder(hub_id)) and holds(folder, config.replace("{code}", "*")):
                return hub_id, config
        return itself

    def split(self, name: str, language: str, roots: DataRoots) -> HubSplit:
        hub_id, config = self._where(roots)
        code, folder = self.codes.get(language, language), roots.folder(hub_id)
        begins = (self.begins[0], self.begins[1].format(code=code)) if self.begins else None
        revision = None if folder else roots.revisions.get(hub_id)
        path, config, converted = str(folder or hub_id), config.format(code=code), self.branch == CONVERTED
        return HubSplit(path, config, name, revision, roots.folders, begins, converted)

    def __str__(self) -> str:
        return self.hub_id


def hub(hub_id: str, config: str, codes: Mapping[str, str] | None = None, **more: Any) -> Hub:
    """A source by its Hub id and configuration; ``more`` are fields of ``Hub``."""
    return Hub(hub_id, config, codes or {}, **more)


@dataclass(frozen=True)
class Folder(Source):
    """Files in a form of their own, in a folder below a data root: what no Hub may or does hold."""

    name: str
    """Path of the folder below a data root."""
    reader: Reader

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.name,)

    def identity(self) -> object:
        return [self.name, self.reader]

    def check(self, task: Task) -> None:
        if not task.languages:
            raise ValueError("languages is empty")

    def split(self, name: str, language: str, roots: DataRoots) -> FolderSplit:
        return FolderSplit(roots.folder(self.name), self.name, self.reader, name, language, roots.folders)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Generated(Source):
    """A table of the study's generated world."""

    table: str

    def identity(self) -> object:
        return ["generated", self.table, tables.VERSION]

    def check(self, task: Task) -> None:
        tables.languages(World(), self.table)

    def split(self, name: str, language: str, roots: DataRoots) -> Split:
        return GeneratedSplit(roots.world, self.table, language, name)

    def __str__(self) -> str:
        return "generated"


@dataclass(frozen=True)
class GeneratedSplit:
    """A table of a generated world."""

    world: World
    table: str
    language: str
    name: str

    def __str__(self) -> str:
        return f"generated {self.table} ({self.language}, {self.name})"

    def exists(self) -> bool:
        return self.name in tables.splits(self.world, self.table, self.language)

    def fingerprint(self) -> str:
        """What it is generated from: the same world gives the same rows on every machine."""
        return key(tables.identity(self.world, self.table, self.language, self.name))

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]:
        return tables.table(self.world, self.table, self.language, self.name), {}


@dataclass(frozen=True)
class Concatenation(Source):
    """The rows of other tasks one after the other, under one head; its splits have the tasks' own names."""

    parts: tuple[Task, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.parts for name in part.source.ids))

    def here(self, roots: DataRoots) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.parts for name in part.source.here(roots)))

    def on_hub(self, roots: DataRoots) -> Mapping[str, str]:
        return {name: branch for part in self.parts for name, branch in part.source.on_hub(roots).items()}

    def identity(self) -> object:
        return ["concatenation", [[part.name, part.declaration_key] for part in self.parts]]

    def check(self, task: Task) -> None:
        for part in self.parts:
            if (part.format.identity(), part.labels) != (task.format.identity(), task.labels):
                raise ValueError(f"its part {part.name} has another format or other labels")
            if {*part.columns} != {*task.columns}:
                raise ValueError(f"its part {part.name} has the fields {', '.join(part.columns)}")
            for split in task.splits.values():
                if split not in part.splits:
                    raise ValueError(f"its part {part.name} has no split '{split}'")
            for language in task.languages:
                if language not in part.languages:
                    raise ValueError(f"its part {part.name} has no language '{language}'")

    def split(self, name: str, language: str, roots: DataRoots) -> Split:
        return JoinedSplit(self.parts, name, language, roots)

    def __str__(self) -> str:
        return " + ".join(part.name for part in self.parts)
