"""The place 'a namespace of a cluster': a study is an Indexed Job there, or a RayJob where KubeRay is."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from cluster import inputs, pods, runtime
from cluster.belongings import owned_by
from cluster.bundle import Bundle, archive, bundle, files_of
from cluster.doctor import examine
from cluster.errand import errand
from cluster.fetch import fetch
from cluster.follower import Follower
from cluster.kube import Namespace
from cluster.kube_runs import Found, KubeRuns
from cluster.manifest import Manifest
from cluster.place import Finding, PlaceError, Taken
from cluster.places import KubernetesPlace
from cluster.profile import KEY, Profile, parse
from cluster.runs import Run
from xfer.store import tables
from xfer.store.arrival import receive
from xfer.store.store import Store
from xfer.study import reading

PYTHON = ("python", "-P", "-m")

ASIDE = "/tmp/study"
"""Where a pod that makes a lock gets the study."""

LEFTOVERS = 30
"""Seconds that what an earlier run owned may take to go after it."""


class OnKubernetes:
    """Runs of one namespace."""

    def __init__(self, place: KubernetesPlace) -> None:
        self._place, self._space = place, Namespace(place)
        self._runs = KubeRuns(self._space)

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
        packed, profile = bundle(study), self.profile()
        made_of = runtime.chosen(self._space, profile)
        made = [made_of.job(packed, profile), *made_of.owned(packed, profile, "made when submitted")]
        for manifest in made:
            # By another name: a run that is there could not be changed, and need not be.
            metadata = {**manifest["metadata"], "name": f"{packed.study}-dry-run"}
            self._space.create({**manifest, "metadata": metadata}, dry_run=True)
        return made

    def submit(self, study: Path) -> str:
        """Start a study; its name. What was made is taken away again when a part of it is refused.

        Raises ``PlaceError``, also when a run of this name has not ended.
        """
        packed, profile = bundle(study), self.profile()
        made_of = runtime.chosen(self._space, profile)
        job, owned = made_of.job(packed, profile), made_of.owned(packed, profile, secrets.token_urlsafe(32))
        self._runs.make_room(packed.study)
        self._require_free(owned)
        self._push(packed, profile)
        found = Found(made_of, self._space.create(job))
        try:
            for manifest in owned_by(found.job, owned):
                self._space.apply(manifest)
            self._runs.begin(found)
        except BaseException:
            self._runs.delete(found)
            raise
        return packed.study

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
        """Every run of the namespace."""
        return self._runs.all()

    def run(self, name: str) -> Run:
        """One run, with what keeps it from going on."""
        return self._runs.look(name)[0]

    def follow(self, name: str, on_line: Callable[[str], None], tell: Callable[[str], None]) -> Run:
        """Hand over the driver's lines, pod after pod, until the run ends; ``tell`` hears what keeps it waiting."""
        return Follower(self._space, self._runs, name, on_line, tell).until_end()

    def logs(self, name: str, follow: bool) -> Iterator[str]:
        """Lines of the newest driver's log."""
        yield from self._space.log(self._runs.driver(name)["metadata"]["name"], pods.CONTAINER, follow)

    def stop(self, name: str) -> None:
        """End the pods; the driver leaves a snapshot first. The same study, run again, goes on from there."""
        self._runs.stop(name)

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
        size = pods.resources_of(profile, profile.pod.model_copy(update={"gpu": 0}))
        with errand(self._space, profile, reading.read(study).study, size) as pod:
            pod.run([*PYTHON, "jobs.receive", ASIDE], io.BytesIO(), archive(files))
            pod.run([*PYTHON, "jobs.lock", f"{ASIDE}/{study.name}"], made)
        return made.getvalue().rstrip().rpartition(b"\n")[2]
