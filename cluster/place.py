"""A place: what every verb can ask of it, whether it is this machine, a Ray cluster or a namespace of Kubernetes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from cluster.runs import Run
from xfer.errors import UserError
from xfer.store.store import Store


class PlaceError(UserError):
    """A place refuses, or cannot do, what was asked of it."""


class Absent(PlaceError):
    """What was asked for is not there."""


class Unreachable(PlaceError):
    """The place does not answer now."""


class Taken(PlaceError):
    """What was to be made is there already."""


class Finding(NamedTuple):
    """One thing that a look at a place has found."""

    what: str
    good: bool | None
    """None: it cannot be seen from here."""
    said: str


class Place(Protocol):
    """Where studies run. A run is called like its study; every method raises ``PlaceError`` with what to do."""

    def submit(self, study: Path) -> str:
        """Start a study; the run's name. Nothing is left behind when that fails."""
        ...

    def runs(self) -> list[Run]:
        """Every run that the place knows of."""
        ...

    def run(self, name: str) -> Run:
        """One run, with what keeps it from going on."""
        ...

    def follow(self, name: str, on_line: Callable[[str], None], tell: Callable[[str], None]) -> Run:
        """Hand over the driver's lines until the run ends; ``tell`` hears what keeps it waiting."""
        ...

    def logs(self, name: str, follow: bool) -> Iterator[str]:
        """Lines of the driver's log."""
        ...

    def stop(self, name: str) -> None:
        """End a run; the driver leaves a snapshot first."""
        ...

    def examine(self) -> Iterator[Finding]:
        """What is there for studies, and what is missing."""
        ...


class RemotePlace(Place, Protocol):
    """A place that is not this machine."""

    def manifests(self, study: Path) -> list[dict[str, Any]]:
        """All that ``submit`` would make, without secrets."""
        ...

    def fetch(self, study: str, into: Store) -> int:
        """Bring a study's tables into a store; the number of new files."""
        ...

    def lock(self, study: Path) -> bytes:
        """The lock of a study, made where the data are: the content of its file."""
        ...
