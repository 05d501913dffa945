"""Runtimes: what a study can be made of on Kubernetes. Each is a module of its own, and nobody else asks which."""

from __future__ import annotations

from typing import Any, Protocol

from cluster import indexed_job
from cluster.bundle import Bundle
from cluster.kube import Namespace
from cluster.kuberay import rayjob
from cluster.manifest import Manifest
from cluster.place import PlaceError
from cluster.profile import Profile
from cluster.runs import State


class Runtime(Protocol):
    """How a study is rendered, and how what became of it is read."""

    API_VERSION: str
    KIND: str

    def job(self, bundle: Bundle, profile: Profile) -> Manifest:
        """The object that the study is, suspended."""
        ...

    def owned(self, bundle: Bundle, profile: Profile, token: str) -> list[Manifest]:
        """What it needs beside it."""
        ...

    def state(self, job: Manifest, progress: dict[str, Any]) -> tuple[State, str]:
        """How such an object is, and what there is to say about that."""
        ...

    def driver(self, found: list[Manifest]) -> Manifest | None:
        """Which of its pods has the driver's log."""
        ...


RUNTIMES: tuple[Runtime, ...] = (indexed_job, rayjob)


def known(space: Namespace) -> tuple[Runtime, ...]:
    """Runtimes that the cluster has objects for, and that whoever asks may look at."""
    has_rayjobs = space.knows(rayjob.API_VERSION, rayjob.KIND) and space.may("list", "ray.io", "rayjobs")
    return RUNTIMES if has_rayjobs else (indexed_job,)


def chosen(space: Namespace, profile: Profile) -> Runtime:
    """What a study becomes by this profile. Raises ``PlaceError`` when that is not there."""
    if profile.runtime == "job":
        return indexed_job
    there = space.knows(rayjob.API_VERSION, rayjob.KIND)
    if profile.runtime == "kuberay":
        if not there:
            fix = "install KubeRay's operator (docs/runbook.md), or let the profile say runtime: auto"
            raise PlaceError("the profile asks for KubeRay, and this cluster knows no RayJob", space.name, fix)
        return rayjob
    return rayjob if there and space.may("create", "ray.io", "rayjobs") else indexed_job
