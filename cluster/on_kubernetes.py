"""The place 'a namespace of a cluster': a study is an Indexed Job there."""

from __future__ import annotations

import io
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from cluster import indexed_job, inputs, troubles
from cluster.bundle import Bundle, archive, bundle, files_of
from cluster.doctor import examine
from cluster.errand import errand
from cluster.fetch import fetch
from cluster.kube import Namespace
from cluster.manifest import INSTANCE, NAME, RUN, Manifest
from cluster.place import Finding, PlaceError, Taken
from cluster.places import KubernetesPlace
from cluster.pods import resources_of
from cluster.profile import KEY, Profile, parse
from cluster.runs import Run, State
from xfer.events import PROGRESS
from xfer.store import tables
from xfer.store.arrival import receive
from xfer.store.store import Store
from xfer.study import reading

OURS = f"{NAME}={RUN}"

PYTHON = ("python", "-P", "-m")

ASIDE = "/tmp/study"
"""Where a pod that makes a lock gets the study."""

DEADLINE = 120
"""Seconds that an ended run may take to go away before its name can be used again."""

LEFTOVERS = 30
"""Seconds that what an earlier run owned may take to go after it."""

PATIENCE = (5, 60)
"""Seconds of a watch before things are looked at anew: at first, and at most. No watch tells of a pod that may not be
made, nor of a run without pods that is stopped."""


class OnKubernetes:
    """Runs of one namespace."""

    def __init__(self, place: KubernetesPlace) -> None:
        self._place, self._space = place, Namespace(place)

    def profile(self) -> Profile:
        """What pods of studies are like here. Raises ``PlaceError`` when the chart is not installed."""
        name = self._place.profile
        found = self._space.get("v1", "ConfigMap", name)
        if found is None or KEY not in found.get("data", {}):
            what = f"there is no profile '{name}'"
            raise PlaceError(what, f"namespace {self._space.name}", "install the chart there: helm/xfer/README.md")
        return parse(found["data"][KEY], f"ConfigMap {name}")

    def examine(self) -> Iterator[Finding]:
        """What is there for studies, and what is missing."""
        try:
            profile: Profile | PlaceError = self.profile()
        except PlaceError as error:
            profile = error
        yield from examine(self._space, profile)

    def manifests(self, study: Path) -> list[Manifest]:
        """All that ``submit`` makes, as the cluster would take it; the token is no real one."""
        packed = bundle(study)
        made = [indexed_job.job(packed, self.profile()), *indexed_job.owned(packed, "made when submitted", None)]
        for manifest in made:
            # By another name: a run that is there could not be changed, and need not be.
            metadata = {**manifest["metadata"], "name": f"{packed.study}-dry-run"}
            self._space.create({**manifest, "metadata": metadata}, dry_run=True)
        return made

    def submit(self, study: Path) -> str:
        """Start a study; its name. What was made is taken away again when a part of it is refused.

        Raises ``PlaceError``, also when a run of this name has not ended.
        """
        packed = bundle(study)
        profile = self.profile()
        name, job = packed.study, indexed_job.job(packed, profile)
        self._make_room(name)
        self._require_free(indexed_job.owned(packed, "not yet", None))
        self._push(packed, profile)
        made = self._space.create(job)
        try:
            for manifest in indexed_job.owned(packed, secrets.token_urlsafe(32), made):
                self._space.apply(manifest)
            self._resume(name)
        except BaseException:
            self._space.delete("batch/v1", "Job", name)
            raise
        return name

    def _require_free(self, manifests: list[Manifest]) -> None:
        """Raise ``Taken`` when somebody else has made what a run is to own: it would be taken over, and go with it."""
        ends = time.monotonic() + LEFTOVERS
        for manifest in manifests:
            while True:
                try:
                    self._space.create(manifest, dry_run=True)
                    break
                except Taken:
                    if time.monotonic() > ends:
                        raise
                    time.sleep(1)

    def _push(self, packed: Bundle, profile: Profile) -> None:
        """Bring a study's local data and models into the storage, those that it lacks."""
        if "://" in profile.storage:
            store = Store(profile.storage)
            for one in packed.inputs:
                if store.size(one.mark) is None:
                    with inputs.archive(one) as stream:
                        receive(stream, store)
        elif packed.inputs:
            with errand(self._space, profile, packed.study) as pod:
                for one in packed.inputs:
                    if not pod.holds(f"{profile.storage}/{one.mark}"):
                        with inputs.archive(one) as stream:
                            pod.run([*PYTHON, "jobs.receive", profile.storage], io.BytesIO(), stream)

    def runs(self) -> list[Run]:
        """Every run of the namespace, by one call."""
        return [_run(job) for job in self._space.find("batch/v1", "Job", OURS)]

    def run(self, name: str) -> Run:
        """One run, with what keeps it from going on."""
        return self._look(name)[0]

    def _look(self, name: str) -> tuple[Run, list[Manifest]]:
        """One run with its pods, which are looked at only where they matter."""
        job = self._job(name)
        found = _run(job)
        if found.state in ("done", "stopped"):
            return found, []
        pods = self._space.find("v1", "Pod", _of(name))
        events = []
        if job.get("status", {}).get("ready", 0) < job["spec"]["parallelism"]:  # what lacks may have been refused
            events = self._space.find("v1", "Event", fields=f"involvedObject.uid={job['metadata']['uid']}")
        keeping = troubles.of(pods, events, str(job.get("status", {}).get("startTime", "")))
        return Run(found.name, found.state, found.progress, (*found.troubles, *keeping)), pods

    def follow(self, name: str, on_line: Callable[[str], None], tell: Callable[[str], None]) -> Run:
        """Hand over the driver's lines, pod after pod, until the run ends; ``tell`` hears what keeps it waiting."""
        heard: dict[str, int] = {}
        told: tuple[str, ...] = ()
        changes = self._space.changes(_of(name))
        first, longest = PATIENCE
        patience = first
        while True:
            run, pods = self._look(name)
            if not run.active:
                return run
            if run.troubles != told:
                told = run.troubles
                for trouble in told:
                    tell(trouble)
            pod = _driver(pods)
            heard_more = pod is not None and self._hear(pod, heard, on_line)
            changed = changes.wait(patience)
            patience = first if changed or heard_more else min(2 * patience, longest)

    def _hear(self, pod: Manifest, heard: dict[str, int], on_line: Callable[[str], None]) -> bool:
        """Hand over a pod's lines from where we left off until it ends; a stream that breaks off is taken up later.

        Returns whether there were any.
        """
        uid = pod["metadata"]["uid"]
        before = heard.get(uid, 0)
        with suppress(PlaceError):
            for i, line in enumerate(self._space.log(pod["metadata"]["name"], follow=True)):
                if i >= heard.get(uid, 0):
                    on_line(line)
                    heard[uid] = i + 1
        return heard.get(uid, 0) > before

    def logs(self, name: str, follow: bool) -> Iterator[str]:
        """Lines of the newest driver's log."""
        self._job(name)
        pod = _driver(self._space.find("v1", "Pod", _of(name)))
        if pod is None:
            raise PlaceError(f"the driver of '{name}' has no log yet", fix=f"see: xfer status {name}")
        yield from self._space.log(pod["metadata"]["name"], follow)

    def stop(self, name: str) -> None:
        """End the pods; the driver leaves a snapshot first. The same study, run again, goes on from there."""
        self._job(name)
        self._space.patch("batch/v1", "Job", name, {"spec": {"suspend": True}})

    def fetch(self, study: str, into: Store) -> int:
        """Bring a study's tables into a store; the number of new files."""
        profile = self.profile()

        def pack(stream: BinaryIO) -> None:
            if "://" in profile.storage:
                tables.pack(Store(profile.storage), study, stream)
                return
            with errand(self._space, profile, study) as pod:
                pod.run([*PYTHON, "jobs.pack", profile.storage, study], stream)

        return fetch(pack, into)

    def lock(self, study: Path) -> bytes:
        """The lock of a study, made in a pod without devices: the content of its file."""
        profile, files, made = self.profile(), files_of(study), io.BytesIO()
        size = resources_of(profile, profile.pod.model_copy(update={"gpu": 0}))
        with errand(self._space, profile, reading.read(study).study, size) as pod:
            pod.run([*PYTHON, "jobs.receive", ASIDE], io.BytesIO(), archive(files))
            pod.run([*PYTHON, "jobs.lock", f"{ASIDE}/{study.name}"], made)
        return made.getvalue().rstrip().rpartition(b"\n")[2]

    def _resume(self, name: str) -> None:
        self._space.patch("batch/v1", "Job", name, {"spec": {"suspend": False}})

    def _job(self, name: str) -> Manifest:
        job = self._space.get("batch/v1", "Job", name)
        if job is None or not _is_ours(job):
            known = ", ".join(run.name for run in self.runs()) or "there is none"
            raise PlaceError(f"there is no run '{name}'", f"namespace {self._space.name}", f"runs: {known}")
        return job

    def _make_room(self, name: str) -> None:
        """Take away an ended run of this name."""
        found = self._space.get("batch/v1", "Job", name)
        if found is None:
            return
        if not _is_ours(found):
            what = f"the name '{name}' is taken by a Job that is no study"
            raise PlaceError(what, f"namespace {self._space.name}", "give the study another name")
        state = _run(found).state
        if state in ("waiting", "running"):
            fix = f"look at it with 'xfer watch {name}', or end it with 'xfer stop {name}'"
            raise PlaceError(f"a run called '{name}' is {state}", f"namespace {self._space.name}", fix)
        self._space.delete("batch/v1", "Job", name)
        ends = time.monotonic() + DEADLINE
        while self._space.get("batch/v1", "Job", name) or self._space.find("v1", "Pod", _of(name)):
            if time.monotonic() > ends:
                what = f"the run '{name}' that has ended does not go away"
                raise PlaceError(
                    what, f"namespace {self._space.name}", "look for what holds its pods: kubectl get pods"
                )
            time.sleep(1)


def _is_ours(job: Manifest) -> bool:
    metadata = job["metadata"]
    told = metadata.get("labels", {})
    return bool(told.get(NAME) == RUN and told.get(INSTANCE) == metadata["name"])


def _driver(pods: list[Manifest]) -> Manifest | None:
    """The newest pod of index 0 that has begun to run."""
    begun = [
        pod
        for pod in pods
        if pod["metadata"]["labels"].get(indexed_job.INDEX) == "0"
        and pod.get("status", {}).get("phase") in ("Running", "Succeeded", "Failed")
    ]
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
