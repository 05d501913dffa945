"""Who watches one run on Kubernetes: hears its drivers, and what keeps it waiting, until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from cluster import pods
from cluster.changes import Changes
from cluster.kube import Namespace
from cluster.kube_runs import KubeRuns, of
from cluster.manifest import Manifest
from cluster.place import PlaceError, Unreachable
from cluster.runs import Run

PATIENCE = (5, 60)
"""Seconds of a watch before things are looked at anew: at first, and at most. No watch tells of a pod that may not be
made, nor of a run without pods that is stopped."""

FORGIVING = 300
"""Seconds for which who watches goes on though the cluster does not answer: the run does, too."""


class Follower:
    """Hands over the lines of a run's drivers, pod after pod and each once, and every new trouble."""

    def __init__(
        self, space: Namespace, runs: KubeRuns, run: str, on_line: Callable[[str], None], tell: Callable[[str], None]
    ) -> None:
        self._space, self._runs, self._run = space, runs, run
        self._on_line, self._tell = on_line, tell
        self._heard: dict[str, int] = {}
        """Lines, by the pod's uid."""
        self._told: tuple[str, ...] = ()

    def until_end(self) -> Run:
        """The run, once it has ended. Raises ``Unreachable`` when the cluster has not answered for ``FORGIVING``."""
        changes = Changes(self._space, of(self._run))
        first, longest = PATIENCE
        patience, answered = first, time.monotonic()
        while True:
            try:
                run, heard_more = self._look()
                if not run.active:
                    return run
                changed = changes.wait(patience)
            except Unreachable:
                if time.monotonic() - answered > FORGIVING:
                    raise
                time.sleep(first)
                continue
            answered = time.monotonic()
            patience = first if changed or heard_more else min(2 * patience, longest)

    def _look(self) -> tuple[Run, bool]:
        """The run as it is, what is new of it having been told; whether its driver has written since the last look."""
        run, driver = self._runs.look(self._run)
        if not run.active:
            return run, False
        if run.troubles != self._told:
            self._told = run.troubles
            for trouble in run.troubles:
                self._tell(trouble)
        return run, driver is not None and self._hear(driver)

    def _hear(self, pod: Manifest) -> bool:
        """Hand over a pod's lines from where we left off until it ends; a stream that breaks off is taken up later.

        Returns whether there were any.
        """
        uid = pod["metadata"]["uid"]
        before = self._heard.get(uid, 0)
        with suppress(PlaceError):
            for i, line in enumerate(self._space.log(pod["metadata"]["name"], pods.CONTAINER, follow=True)):
                if i >= self._heard.get(uid, 0):
                    self._on_line(line)
                    self._heard[uid] = i + 1
        return self._heard.get(uid, 0) > before
