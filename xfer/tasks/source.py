"""Where a task's rows come from: the Hub, a folder in a form of its own, a generated world, or other tasks together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from xfer.fingerprint import digest, key
from xfer.synthetic import tables
from xfer.synthetic.world import World
from xfer.tasks.folder import FolderSplit, Reader
from xfer.tasks.hub import HubSplit

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
    """Branch of the Hub that holds the data as files."""
    copies: tuple[tuple[str, str], ...] = ()
    """Id and configuration of the same data elsewhere: where a data root has them and not the first."""

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.hub_id, *(name for name, _ in self.copies))

    @property
    def title(self) -> str:
        return f"{self.hub_id} ({self.config.replace('{code}', 'LANGUAGE')})"

    def on_hub(self, roots: DataRoots) -> Mapping[str, str]:
        return {} if any(map(roots.folder, self.ids)) else {self.hub_id: self.branch}

    def identity(self) -> object:
        return [self.hub_id, self.config, *([list(self.begins)] if self.begins else [])]

    def check(self, task: Task) -> None:
        if not task.languages:
            raise ValueError("languages is empty")
        if "train" in task.splits and task.trains_in not in task.languages:
            raise ValueError(f"trains_in is '{task.trains_in}', which is not one of its languages")
        for _, config in ((self.hub_id, self.config), *self.copies):
            try:
                config.format(code=task.languages[0])
            except (LookupError, ValueError) as error:
                raise ValueError(f"the configuration '{config}' may name nothing but {{code}}") from error

    def split(self, name: str, language: str, roots: DataRoots) -> HubSplit:
        sets = ((self.hub_id, self.config), *self.copies)
        hub_id, config = next((one for one in sets if roots.folder(one[0])), sets[0])
        code, folder = self.codes.get(language, language), roots.folder(hub_id)
        begins = (self.begins[0], self.begins[1].format(code=code)) if self.begins else None
        revision = None if folder else roots.revisions.get(hub_id)
        return HubSplit(str(folder or hub_id), config.format(code=code), name, revision, roots.folders, begins)

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
        return [self.name, self.reader.name, self.reader.version]

    def check(self, task: Task) -> None:
        if not task.languages:
            raise ValueError("languages is empty")

    def split(self, name: str, language: str, roots: DataRoots) -> FolderSplit:
        return FolderSplit(roots.folder(self.name), self.name, self.reader, name, language, roots.folders)

    def __str__(self) -> str:
        return f"a folder {self.name}"


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

    def on_hub(self, roots: DataRoots) -> Mapping[str, str]:
        return {name: branch for part in self.parts for name, branch in part.source.on_hub(roots).items()}

    def identity(self) -> object:
        return ["concatenation", [[part.name, part.declaration_key] for part in self.parts]]

    def check(self, task: Task) -> None:
        for part in self.parts:
            if (part.format.identity(), part.labels) != (task.format.identity(), task.labels):
                raise ValueError(f"its part {part.name} has another format or other labels")

    def split(self, name: str, language: str, roots: DataRoots) -> Split:
        return JoinedSplit(self.parts, name, language, roots)

    def __str__(self) -> str:
        return " + ".join(part.name for part in self.parts)


@dataclass(frozen=True)
class JoinedSplit:
    """The same split of several tasks."""

    parts: tuple[Task, ...]
    name: str
    language: str
    roots: DataRoots

    def __str__(self) -> str:
        return f"{' + '.join(part.name for part in self.parts)} ({self.language}, {self.name})"

    def exists(self) -> bool:
        return all(self.roots.exists(part, self.language, self.name) for part in self.parts)

    def fingerprint(self) -> str:
        return digest([self.roots.fingerprint(part, self.language, self.name) for part in self.parts])

    def read(self) -> tuple[pa.Table, Mapping[str, Any]]:
        """Rows in the format's fields; clusters of different parts are apart."""
        tables_, first = [], 0
        for part in self.parts:
            rows = self.roots.rows(part, self.language, self.name)
            cluster = pa.array(rows["cluster"].to_numpy() + first, pa.int32())
            first += rows.num_rows
            tables_.append(rows.drop_columns(["example", "cluster"]).append_column("cluster", cluster))
        return pa.concat_tables(tables_).combine_chunks(), {}
