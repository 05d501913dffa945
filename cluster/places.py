"""Places: where a study can run. ``places.yaml`` beside the study, or in the user's configuration folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from xfer.errors import Problem, StudyError, UserError
from xfer.study.fields import Fields
from xfer.study.source import Source, dotted
from xfer.tasks.registry import suggestion

FILE = "places.yaml"

DOCS = {"kubernetes": "docs/kubernetes.md", "ray": "docs/ray.md"}
"""Where each kind of place is explained."""

EITHER = " or ".join(DOCS.values())


class KubernetesPlace(Fields):
    """A namespace of a cluster, and the profile that its pods follow."""

    kubeconfig: Path | None = None
    """Where its access is described, from where the file of places is; the usual one when not given."""
    context: str | None = None
    """Of the kubeconfig; its current one when not given."""
    namespace: str
    profile: str = "xfer"
    """The ConfigMap that the chart made for the pods of studies."""


class RayPlace(Fields):
    """A Ray cluster that is there, with xfer on its machines."""

    address: str = Field(pattern="^https?://")
    """Of its dashboard: ``http://host:8265``."""
    storage: str = Field(pattern="^(/|[a-z0-9]+://)")
    """What its machines keep: a folder that all of them see, or an object store."""
    token: Path | None = None
    """A file with the token that it asks for; ``RAY_AUTH_TOKEN`` or Ray's own file when not given."""
    env: dict[str, str] = Field(default_factory=dict)
    """Variables of the study, such as ``XFER_DATA``."""


class Entry(Fields):
    """One entry of the file: exactly one of these."""

    kubernetes: KubernetesPlace | None = None
    ray: RayPlace | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Entry:
        if (self.kubernetes is None) == (self.ray is None):
            raise ValueError("a place is either 'kubernetes' or 'ray'")
        return self

    def at(self, folder: Path) -> KubernetesPlace | RayPlace:
        """The place, its paths taken from the folder of the file."""
        if self.ray is not None:
            return self.ray.model_copy(update={"token": _from(folder, self.ray.token)})
        assert self.kubernetes is not None
        return self.kubernetes.model_copy(update={"kubeconfig": _from(folder, self.kubernetes.kubeconfig)})


_FILE = TypeAdapter(dict[str, Entry])


def find(name: str, beside: Path) -> KubernetesPlace | RayPlace:
    """The place of that name. Raises ``UserError`` when no file has it, and ``StudyError`` for a malformed file."""
    known: list[str] = []
    for path in _files(beside):
        places = _read(path)
        if name in places:
            return places[name].at(path.parent)
        known += places
    if known:
        raise UserError(f"there is no place '{name}'", "--on", suggestion(name, tuple(known)))
    looked = " nor ".join(str(folder / FILE) for folder in _folders(beside))
    raise UserError(f"there is no place '{name}': neither {looked} is there", "--on", f"write one: {EITHER}")


def _from(folder: Path, path: Path | None) -> Path | None:
    return None if path is None else (folder / path.expanduser()).resolve()


def _folders(beside: Path) -> tuple[Path, Path]:
    return beside, Path(typer.get_app_dir("xfer", force_posix=False))


def _files(beside: Path) -> Iterator[Path]:
    return (folder / FILE for folder in _folders(beside) if (folder / FILE).is_file())


def _read(path: Path) -> dict[str, Entry]:
    source = Source.read(path)
    try:
        return _FILE.validate_python(source.value())
    except ValidationError as error:
        problems = []
        for entry in error.errors(include_url=False):
            kinds = [DOCS[str(name)] for name in entry["loc"][1:2] if name in DOCS]
            what = f"{dotted(entry['loc'])}: {entry['msg'].removeprefix('Value error, ')}"
            problems.append(Problem(source.where(*entry["loc"]), what, f"see {kinds[0] if kinds else EITHER}"))
        raise StudyError(problems) from error
