"""An errand: commands in a pod that lives no longer than that, to reach what only pods reach."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from cluster import pods
from cluster.kube import Namespace
from cluster.manifest import ERRAND, Manifest, labels
from cluster.place import PlaceError
from cluster.profile import Profile

LIFE = 3600
"""Seconds after which such a pod ends by itself, should nobody be left to delete it."""

DEADLINE = 300
"""Seconds that it may take to start."""


class Errand:
    """A pod that waits for commands."""

    def __init__(self, space: Namespace, pod: str) -> None:
        self._space, self._pod = space, pod

    def run(self, command: Sequence[str], stdout: BinaryIO, stdin: BinaryIO | None = None) -> None:
        """Run a command to its end. Raises ``PlaceError`` with what it said when it fails."""
        code, said = self._space.execute(self._pod, command, stdout, stdin)
        if code:
            raise PlaceError(said.strip() or f"the command ended with code {code}", f"pod {self._pod}")

    def holds(self, path: str) -> bool:
        """Whether there is such a file."""
        code, _ = self._space.execute(self._pod, ["test", "-e", path], io.BytesIO())
        return code == 0


@contextmanager
def errand(space: Namespace, profile: Profile, study: str, resources: Manifest = pods.SMALL) -> Iterator[Errand]:
    """A pod with the profile's storage; it is deleted in the end."""
    name = space.create(_pod(profile, study, resources))["metadata"]["name"]
    try:
        space.wait_for_pod(name, DEADLINE)
        yield Errand(space, name)
    finally:
        space.delete("v1", "Pod", name)


def _pod(profile: Profile, study: str, resources: Manifest) -> Manifest:
    asleep = ["python", "-c", f"import time; time.sleep({LIFE})"]
    template = pods.pod(profile, asleep, {}, labels(ERRAND, study), resources=resources)
    template["spec"]["terminationGracePeriodSeconds"] = 1  # it has nothing to finish
    template["metadata"]["generateName"] = f"{study}-errand-"
    return {"apiVersion": "v1", "kind": "Pod", **template}
