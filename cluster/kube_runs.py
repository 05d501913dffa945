"""Runs of a namespace, whatever runtime they have: found, looked at, stopped, and taken away when they have ended."""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple

from cluster import troubles
from cluster.kube import Namespace
from cluster.manifest import INSTANCE, NAME, QUEUE, RUN, STOPPED, Manifest, is_run
from cluster.place import PlaceError
from cluster.runs import Run
from cluster.runtime import Runtime, known
from xfer.events import PROGRESS

OURS = f"{NAME}={RUN}"

DEADLINE = 120
"""Seconds that an ended run may take to go away before its name can be used again."""

WORKLOAD = ("kueue.x-k8s.io/v1beta2", "Workload")
"""What Kueue keeps of a run that it has been handed."""


class Found(NamedTuple):
    """The object that a run is, and what kind of object."""

    runtime: Runtime
    job: Manifest

    @property
    def run(self) -> Run:
        """What it tells by itself."""
        told = self.job["metadata"].get("annotations", {}).get(PROGRESS)
        progress: dict[str, Any] = json.loads(told) if told else {}
        state, reason = self.runtime.state(self.job, progress)
        return Run(self.job["metadata"]["name"], state, progress, (reason,) if reason else ())


class KubeRuns:
    """Runs of one namespace."""

    def __init__(self, space: Namespace) -> None:
        self._space = space

    def all(self) -> list[Run]:
        """Every run, by one call for each runtime."""
        found = [
            Found(runtime, job).run
            for runtime in known(self._space)
            for job in self._space.find(runtime.API_VERSION, runtime.KIND, OURS)
            if is_run(job)
        ]
        return sorted(found, key=lambda run: run.name)

    def get(self, name: str) -> Found:
        """The run of this name. Raises ``PlaceError`` when there is none."""
        found = [one for one in self._called(name) if is_run(one.job)]
        if not found:
            names = ", ".join(run.name for run in self.all()) or "there is none"
            raise PlaceError(f"there is no run '{name}'", f"namespace {self._space.name}", f"runs: {names}")
        return found[0]

    def look(self, name: str) -> tuple[Run, Manifest | None]:
        """One run with what keeps it from going on, and its driver's pod; pods are looked at only where they matter."""
        found = self.get(name)
        run = found.run
        if run.state in ("done", "stopped"):
            return run, None
        pods = self._space.find("v1", "Pod", of(name))
        events = []
        status, wanted = found.job.get("status", {}), found.job["spec"].get("parallelism", 0)
        if status.get("ready", 0) < wanted:  # what a Job lacks may have been refused
            events = self._space.find("v1", "Event", fields=f"involvedObject.uid={found.job['metadata']['uid']}")
        keeping = troubles.of(pods, events, str(status.get("startTime", "")))
        told = tuple(dict.fromkeys((*run.troubles, *keeping)))
        driver = found.runtime.driver(pods)
        drives = driver is not None and driver["status"]["phase"] == "Running"
        state = "waiting" if run.state == "running" and not drives else run.state
        return Run(run.name, state, run.progress, told), driver

    def driver(self, name: str) -> Manifest:
        """The pod with the log of a run's newest driver. Raises ``PlaceError`` when there is none yet."""
        found = self.get(name).runtime.driver(self._space.find("v1", "Pod", of(name)))
        if found is None:
            raise PlaceError(f"the driver of '{name}' has no log yet", fix=f"see: xfer status {name}")
        return found

    def begin(self, found: Found) -> None:
        """Let a run that was made go on; who has been handed to a queue begins when it says."""
        if QUEUE not in found.job["metadata"]["labels"]:
            self._patch(found, {"spec": {"suspend": False}})

    def stop(self, name: str) -> None:
        """End the pods of a run; its driver leaves a snapshot first."""
        found = self.get(name)
        told = {"metadata": {"annotations": {STOPPED: "by xfer stop"}}}
        if QUEUE not in found.job["metadata"].get("labels", {}):
            self._patch(found, {**told, "spec": {"suspend": True}})
            return
        owner = f"kueue.x-k8s.io/job-uid={found.job['metadata']['uid']}"
        workloads = self._space.find(*WORKLOAD, owner)
        if not workloads:
            fix = f"try again in a moment, or delete the {found.runtime.KIND}"
            raise PlaceError(f"the queue has not taken notice of '{name}' yet", f"namespace {self._space.name}", fix)
        for workload in workloads:  # Kueue would resume what is merely suspended
            self._space.patch(*WORKLOAD, workload["metadata"]["name"], {"spec": {"active": False}})
        self._patch(found, told)

    def make_room(self, name: str) -> None:
        """Take away ended runs of this name. Raises ``PlaceError`` when one has not, or the name is somebody else's."""
        where = f"namespace {self._space.name}"
        called = self._called(name)
        for found in called:
            if not is_run(found.job):
                what = f"the name '{name}' is taken by a {found.runtime.KIND} that is no study"
                raise PlaceError(what, where, "give the study another name")
            if found.run.active:
                fix = f"look at it with 'xfer watch {name}', or end it with 'xfer stop {name}'"
                raise PlaceError(f"a run called '{name}' is {found.run.state}", where, fix)
        for found in called:
            self.delete(found)
        ends = time.monotonic() + DEADLINE
        while called and (self._called(name) or self._space.find("v1", "Pod", of(name))):
            if time.monotonic() > ends:
                what = f"the run '{name}' that has ended does not go away"
                raise PlaceError(what, where, "look for what holds it: kubectl get jobs,rayjobs,pods")
            time.sleep(1)

    def delete(self, found: Found) -> None:
        """Take a run away, and all that it owns."""
        self._space.delete(found.runtime.API_VERSION, found.runtime.KIND, found.job["metadata"]["name"])

    def _called(self, name: str) -> list[Found]:
        """What has this name: runs, and what is none; but not what a run has made for itself."""
        called = [
            Found(runtime, job)
            for runtime in known(self._space)
            if (job := self._space.get(runtime.API_VERSION, runtime.KIND, name)) is not None
        ]
        uids = {found.job["metadata"]["uid"] for found in called}
        return [found for found in called if not uids & _owners(found.job)]

    def _patch(self, found: Found, change: Manifest) -> None:
        self._space.patch(found.runtime.API_VERSION, found.runtime.KIND, found.job["metadata"]["name"], change)


def of(name: str) -> str:
    """Selects the pods of a run."""
    return f"{OURS},{INSTANCE}={name}"


def _owners(job: Manifest) -> set[str]:
    return {owner["uid"] for owner in job["metadata"].get("ownerReferences", [])}
