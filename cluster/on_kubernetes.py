"""The place 'a namespace of a cluster': a study is an Indexed Job there."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from cluster import indexed_job, troubles
from cluster.bundle import Bundle
from cluster.doctor import Finding, examine
from cluster.fetch import fetch
from cluster.kube import ClusterError, Namespace
from cluster.manifest import INSTANCE, NAME, RUN, Manifest
from cluster.places import KubernetesPlace
from cluster.profile import KEY, Profile, parse
from cluster.runs import Run, State
from xfer.events import PROGRESS
from xfer.store.store import Store

OURS = f"{NAME}={RUN}"

DEADLINE = 120
"""Seconds that an ended run may take to go away before its name can be used again."""

PATIENCE = 30
"""Seconds of a watch before things are looked at anew."""


class OnKubernetes:
    """Runs of one namespace."""

    def __init__(self, place: KubernetesPlace) -> None:
        self._place, self._space = place, Namespace(place)

    def profile(self) -> Profile:
        """What pods of studies are like here. Raises ``ClusterError`` when the chart is not installed."""
        name = self._place.profile
        found = self._space.get("v1", "ConfigMap", name)
        if found is None or KEY not in found.get("data", {}):
            what = f"there is no profile '{name}'"
            raise ClusterError(what, f"namespace {self._space.name}", "install the chart there: helm/xfer/README.md")
        return parse(found["data"][KEY], f"ConfigMap {name}")

    def examine(self) -> Iterator[Finding]:
        """What is there for studies, and what is missing."""
        try:
            profile: Profile | ClusterError = self.profile()
        except ClusterError as error:
            profile = error
        yield from examine(self._space, profile)

    def manifests(self, bundle: Bundle) -> list[Manifest]:
        """All that ``submit`` makes, as the cluster would take it; the token is no real one."""
        made = [indexed_job.job(bundle, self.profile()), *indexed_job.owned(bundle, "made when submitted", None)]
        for manifest in made:
            # By another name: a run that is there could not be changed, and need not be.
            metadata = {**manifest["metadata"], "name": f"{bundle.study}-dry-run"}
            self._space.create({**manifest, "metadata": metadata}, dry_run=True)
        return made

    def submit(self, bundle: Bundle) -> str:
        """Start a study; its name. What was made is taken away again when a part of it is refused.

        Raises ``ClusterError``, also when a run of this name has not ended.
        """
        job = indexed_job.job(bundle, self.profile())
        self._make_room(bundle.study)
        made = self._space.create(job)
        try:
            for manifest in indexed_job.owned(bundle, secrets.token_urlsafe(32), made):
                self._space.apply(manifest)
            self._resume(bundle.study)
        except BaseException:
            self._space.delete("batch/v1", "Job", bundle.study)
            raise
        return bundle.study

    def runs(self) -> list[Run]:
        """Every run of the namespace, by one call."""
        return [_run(job) for job in self._space.find("batch/v1", "Job", OURS)]

    def run(self, name: str) -> Run:
        """One run, with what keeps it from going on."""
        job = self._job(name)
        found = _run(job)
        if found.state in ("done", "stopped"):
            return found
        pods = self._space.find("v1", "Pod", _of(name))
        events = self._space.find("v1", "Event", fields=f"involvedObject.name={name},involvedObject.kind=Job")
        return Run(found.name, found.state, found.progress, (*found.troubles, *troubles.of(pods, events)))

    def follow(self, name: str, on_line: Callable[[str], None], tell: Callable[[str], None]) -> Run:
        """Hand over the driver's lines, pod after pod, until the run ends; ``tell`` hears what keeps it waiting."""
        heard: dict[str, int] = {}
        told: tuple[str, ...] = ()
        while (run := self.run(name)).state in ("waiting", "running"):
            if run.troubles != told:
                told = run.troubles
                for trouble in told:
                    tell(trouble)
            pod = self._driver(name)
            if pod is not None:
                self._hear(pod, heard, on_line)
            self._space.wait_for_change(_of(name), PATIENCE)
        return run

    def _hear(self, pod: Manifest, heard: dict[str, int], on_line: Callable[[str], None]) -> None:
        """Hand over a pod's lines from where we left off until it ends; a stream that breaks off is taken up later."""
        uid = pod["metadata"]["uid"]
        with suppress(ClusterError):
            for i, line in enumerate(self._space.log(pod["metadata"]["name"], follow=True)):
                if i >= heard.get(uid, 0):
                    on_line(line)
                    heard[uid] = i + 1

    def logs(self, name: str, follow: bool) -> Iterator[str]:
        """Lines of the newest driver's log."""
        self._job(name)
        pod = self._driver(name)
        if pod is None:
            raise ClusterError(f"the driver of '{name}' has no log yet", fix=f"see: xfer status {name}")
        yield from self._space.log(pod["metadata"]["name"], follow)

    def stop(self, name: str) -> None:
        """End the pods; the driver leaves a snapshot first. The same study, run again, goes on from there."""
        self._job(name)
        self._space.patch("batch/v1", "Job", name, {"spec": {"suspend": True}})

    def fetch(self, study: str, into: Store) -> int:
        """Bring a study's tables into a store; the number of new files."""
        return fetch(self._space, self.profile(), study, into)

    def _resume(self, name: str) -> None:
        self._space.patch("batch/v1", "Job", name, {"spec": {"suspend": False}})

    def _job(self, name: str) -> Manifest:
        job = self._space.get("batch/v1", "Job", name)
        if job is None:
            known = ", ".join(run.name for run in self.runs()) or "there is none"
            raise ClusterError(f"there is no run '{name}'", f"namespace {self._space.name}", f"runs: {known}")
        return job

    def _make_room(self, name: str) -> None:
        """Take away an ended run of this name."""
        found = self._space.get("batch/v1", "Job", name)
        if found is None:
            return
        if found["metadata"].get("labels", {}).get(INSTANCE) != name:
            what = f"the name '{name}' is taken by a Job that is no study"
            raise ClusterError(what, f"namespace {self._space.name}", "give the study another name")
        state = _run(found).state
        if state in ("waiting", "running"):
            fix = f"look at it with 'xfer watch {name}', or end it with 'xfer stop {name}'"
            raise ClusterError(f"a run called '{name}' is {state}", f"namespace {self._space.name}", fix)
        self._space.delete("batch/v1", "Job", name)
        ends = time.monotonic() + DEADLINE
        while self._space.get("batch/v1", "Job", name) or self._space.find("v1", "Pod", _of(name)):
            if time.monotonic() > ends:
                what = f"the run '{name}' that has ended does not go away"
                raise ClusterError(
                    what, f"namespace {self._space.name}", "look for what holds its pods: kubectl get pods"
                )
            time.sleep(1)

    def _driver(self, name: str) -> Manifest | None:
        """The newest pod of index 0 that has begun to run."""
        pods = self._space.find("v1", "Pod", f"{_of(name)},batch.kubernetes.io/job-completion-index=0")
        begun = [pod for pod in pods if pod.get("status", {}).get("phase") in ("Running", "Succeeded", "Failed")]
        return max(begun, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)


def _of(name: str) -> str:
    return f"{OURS},{INSTANCE}={name}"


def _run(job: Manifest) -> Run:
    told = job["metadata"].get("annotations", {}).get(PROGRESS)
    progress: dict[str, Any] = json.loads(told) if told else {}
    state, reason = _state(job, progress)
    return Run(job["metadata"]["name"], state, progress, (reason,) if reason else ())


def _state(job: Manifest, progress: dict[str, Any]) -> tuple[State, str]:
    conditions = {c["type"]: c for c in job.get("status", {}).get("conditions", []) if c["status"] == "True"}
    if "Complete" in conditions or "SuccessCriteriaMet" in conditions:
        return "done", ""
    failed = conditions.get("Failed") or conditions.get("FailureTarget")
    if failed:
        unfinished = progress.get("unfinished")
        reason = progress.get("problem") or failed["message"]
        return "failed", f"{unfinished} cells are not done" if unfinished else reason
    if job["spec"].get("suspend"):
        return "stopped", ""
    return ("running", "") if progress and job.get("status", {}).get("ready") else ("waiting", "")
