"""What a person's side of a run on Kubernetes does when the cluster does not answer, or may not be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cluster import follower, indexed_job, on_kubernetes, runtime
from cluster.kuberay import rayjob
from cluster.on_kubernetes import OnKubernetes
from cluster.place import PlaceError, Unreachable
from cluster.places import KubernetesPlace
from cluster.profile import parse
from cluster.runs import Run

Look = Callable[[], Run]


def silent() -> Run:
    raise Unreachable("no cluster answers")


def running() -> Run:
    return Run("a", "running")


def done() -> Run:
    return Run("a", "done")


def watcher(patch: pytest.MonkeyPatch, *looks: Look) -> OnKubernetes:
    """Who watches a run, and sees this, look by look."""
    coming: Iterator[Look] = iter(looks)

    class Runs:
        def __init__(self, space: object) -> None: ...

        def look(self, name: str) -> tuple[Run, None]:
            return next(coming)(), None

    class Changes:
        def __init__(self, *_: object) -> None: ...

        def wait(self, seconds: int) -> bool:
            return True

    patch.setattr(on_kubernetes, "Namespace", lambda place: None)
    patch.setattr(on_kubernetes, "KubeRuns", Runs)
    patch.setattr(follower, "Changes", Changes)
    patch.setattr(follower, "PATIENCE", (0, 0))
    return OnKubernetes(KubernetesPlace(namespace="n"))


def follow(someone: OnKubernetes) -> Run:
    return someone.follow("a", lambda line: None, lambda trouble: None)


def test_who_watches_outlives_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert follow(watcher(monkeypatch, running, silent, silent, done)).state == "done"


def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    someone = watcher(monkeypatch, running, silent, done)
    monkeypatch.setattr(follower, "FORGIVING", -1)
    with pytest.raises(Unreachable):
        follow(someone)


class Space:
    """A namespace of a cluster that knows RayJobs, or not, in which nobody may make any."""

    name = "n"

    def __init__(self, has_rayjobs: bool) -> None:
        self._has_rayjobs = has_rayjobs

    def knows(self, *_: str) -> bool:
        return self._has_rayjobs

    def may(self, *_: str) -> bool:
        return False


def test_who_may_make_no_rayjob_gets_a_job_unless_the_profile_insists() -> None:
    there: Any = Space(has_rayjobs=True)
    assert runtime.chosen(there, profile("auto")) is indexed_job
    assert runtime.chosen(there, profile("kuberay")) is rayjob, "the API server says which right is missing"
    with pytest.raises(PlaceError, match="knows no RayJob"):
        absent: Any = Space(has_rayjobs=False)
        runtime.chosen(absent, profile("kuberay"))


def profile(kind: str) -> Any:
    size = "pod: {cpu: 1, memory: 1Gi}"
    return parse(f"{{image: xfer, storage: /xfer, serviceAccount: xfer-study, runtime: {kind}, {size}}}", "here")
