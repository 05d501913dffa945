"""Places: where a study can run. ``places.yaml`` beside the study, or in the user's configuration folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import TypeAdapter, ValidationError

from xfer.errors import Problem, StudyError, UserError
from xfer.study.fields import Fields
from xfer.study.source import Source, dotted
from xfer.tasks.registry import suggestion

FILE = "places.yaml"


class KubernetesPlace(Fields):
    """A namespace of a cluster, and the profile that its pods follow."""

    kubeconfig: Path | None = None
    """Where its access is described, from where the file of places is; the usual one when not given."""
    context: str | None = None
    """Of the kubeconfig; its current one when not given."""
    namespace: str
    profile: str = "xfer"
    """The ConfigMap that the chart made for the pods of studies."""


class Place(Fields):
    """One entry of the file."""

    kubernetes: KubernetesPlace


_FILE = TypeAdapter(dict[str, Place])


def find(name: str, beside: Path) -> KubernetesPlace:
    """The place of that name. Raises ``UserError`` when no file has it, and ``StudyError`` for a malformed file."""
    known: list[str] = []
    for path in _files(beside):
        places = _read(path)
        if name in places:
            place = places[name].kubernetes
            if place.kubeconfig is not None:
                return place.model_copy(update={"kubeconfig": (path.parent / place.kubeconfig.expanduser()).resolve()})
            return place
        known += places
    if known:
        raise UserError(f"there is no place '{name}'", "--on", suggestion(name, tuple(known)))
    looked = " nor ".join(str(folder / FILE) for folder in _folders(beside))
    raise UserError(f"there is no place '{name}': neither {looked} is there", "--on", "write one: docs/kubernetes.md")


def _folders(beside: Path) -> tuple[Path, Path]:
    return beside, Path(typer.get_app_dir("xfer", force_posix=False))


def _files(beside: Path) -> Iterator[Path]:
    return (folder / FILE for folder in _folders(beside) if (folder / FILE).is_file())


def _read(path: Path) -> dict[str, Place]:
    source = Source.read(path)
    try:
        return _FILE.validate_python(source.value())
    except ValidationError as error:
        raise StudyError(
            [
                Problem(
                    source.where(*entry["loc"]), f"{dotted(entry['loc'])}: {entry['msg']}", "see docs/kubernetes.md"
                )
                for entry in error.errors(include_url=False)
            ]
        ) from error
