"""The place 'a Ray cluster that is there': a study is a job of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from cluster.bundle import bundle, files_of
from cluster.fetch import fetch
from cluster.place import Absent, Finding, PlaceError
from cluster.places import RayPlace
from cluster.ray_jobs import ENDED, Job, RayJobs
from cluster.ray_runs import STATES, STUDY, judged, newest, next_id, package, refused, request, without_secrets
from cluster.runs import Run
from xfer.errors import StoreError
from xfer.store import tables
from xfer.store.store import Store
from xfer.study import lock as locks
from xfer.study import reading

POLL = 1
"""Seconds between two looks at a job."""

SETTLED = 3
"""Seconds after a job's end until Ray has ceased to watch it, and it can be deleted."""


class OnRay:
    """Runs of one Ray cluster."""

    def __init__(self, place: RayPlace) -> None:
        self._place, self._ray = place, RayJobs(place.address, place.token)

    def submit(self, study: Path) -> str:
        """Start a study; its name. Raises ``PlaceError``, also when a run of this name has not ended."""
        packed = bundle(study)
        name, content = packed.study, package(packed.files)
        self._ray.version()
        jobs = self._ray.jobs()
        last = newest(jobs).get(name)
        if last is not None and last["status"] not in ENDED:
            fix = f"look at it with 'xfer watch {name}', or end it with 'xfer stop {name}'"
            raise PlaceError(f"a run called '{name}' is {STATES[last['status']]}", self._ray.where, fix)
        self._ray.upload(*content)
        self._ray.submit(request(self._place, next_id(name, jobs), "jobs.run_study", packed.file, content, name))
        return name

    def manifests(self, study: Path) -> list[Job]:
        """The job that ``submit`` makes, without what may be secret."""
        packed = bundle(study)
        name, job = packed.study, next_id(packed.study, self._ray.jobs())
        made = request(self._place, job, "jobs.run_study", packed.file, package(packed.files), name)
        return [without_secrets(made)]

    def runs(self) -> list[Run]:
        """The newest run of each study."""
        return [self._run(job) for _, job in sorted(newest(self._ray.jobs()).items())]

    def run(self, name: str) -> Run:
        """One run, with what keeps it from going on."""
        return self._run(self._job(name))

    def follow(self, name: str, on_line: Callable[[str], None], tell: Callable[[str], None]) -> Run:
        """Hand over the driver's lines until the run ends; ``tell`` hears what keeps it waiting."""
        job, told = self._job(name), ""
        while job["status"] == "PENDING":
            if job["message"] != told:
                told = str(job["message"])
                tell(told)
            time.sleep(POLL)
            job = self._ray.job(job["submission_id"])
        for line in self._ray.follow(job["submission_id"]):
            on_line(line)
        return self._run(self._ray.job(job["submission_id"]))

    def logs(self, name: str, follow: bool) -> Iterator[str]:
        """Lines of the driver's log."""
        job = self._job(name)["submission_id"]
        if follow:
            yield from self._ray.follow(job)
            return
        lines = self._ray.lines(job)
        if not lines:
            raise PlaceError(f"the driver of '{name}' has no log", self._ray.where, f"see: xfer status {name}")
        yield from lines

    def stop(self, name: str) -> None:
        """End a run; the driver leaves a snapshot first. The same study, run again, goes on from there."""
        job = self._job(name)
        if job["status"] not in ENDED and not self._ray.stop(job["submission_id"]):
            what = f"there is no driver of '{name}' yet, or no more"
            raise PlaceError(what, self._ray.where, f"try again in a moment, or see: xfer status {name}")

    def examine(self) -> Iterator[Finding]:
        """What is there for studies, and what is missing."""
        try:
            yield Finding("Ray", True, f"{self._ray.version()} at {self._place.address}")
        except PlaceError as error:
            yield Finding("Ray", False, str(error))
            return
        if self._ray.token and self._ray.asks_for_token():
            yield Finding("token", True, f"that of {self._ray.token.source} is accepted")
        else:
            yield Finding("token", None, "Ray asks for none: whoever reaches it can run anything there")
        nodes = self._ray.nodes()
        cpus, gpus = (int(sum(node.get(kind, 0) for node in nodes)) for kind in ("CPU", "GPU"))
        yield Finding("machines", cpus > 0, f"{len(nodes)} with {cpus} CPUs and {gpus} GPUs")
        yield Finding("xfer", None, "whether it is installed on them shows when a study runs")
        yield self._storage()

    def fetch(self, study: str, into: Store) -> int:
        """Bring a study's tables into a store; the number of new files."""
        storage = self._place.storage
        if not _is_here(storage):
            what = f"{storage} is a folder of the cluster's, and not of this machine"
            raise PlaceError(what, self._ray.where, "mount it here, copy it, or make the place's storage a bucket")
        return fetch(lambda stream: tables.pack(Store(storage), study, stream), into)

    def lock(self, study: Path) -> bytes:
        """The lock of a study, made by a job that is deleted then: the content of its file."""
        files = files_of(study)
        files.pop(locks.path_of(study).name, None)
        content, job = package(files), f"{reading.read(study).study}.lock-{secrets.token_hex(4)}"
        self._ray.version()
        self._ray.upload(*content)
        self._ray.submit(request(self._place, job, "jobs.lock", study.name, content))
        try:
            while (ended := self._ray.job(job))["status"] not in ENDED:
                time.sleep(POLL)
        except BaseException:  # whoever wanted it has gone
            with suppress(PlaceError):
                self._ray.stop(job)
            raise
        lines = self._ray.lines(job)
        time.sleep(SETTLED)
        self._ray.delete(job)
        if ended["status"] != "SUCCEEDED":
            raise PlaceError(refused(ended, lines), self._ray.where)
        return lines[-1].encode()

    def _job(self, name: str) -> Job:
        known = newest(self._ray.jobs())
        if name not in known:
            names = ", ".join(sorted(known)) or "there is none"
            raise Absent(f"there is no run '{name}'", self._ray.where, f"runs: {names}")
        return known[name]

    def _run(self, job: Job) -> Run:
        try:
            return judged(job, self._ray.lines(job["submission_id"]))
        except PlaceError as error:  # the machine that had the log may be gone
            trouble = f"its log cannot be read: {error.what}"
            return Run(job["metadata"][STUDY], STATES[job["status"]], troubles=(trouble,))

    def _storage(self) -> Finding:
        storage = self._place.storage
        try:
            if _is_here(storage):
                Store(storage).size("probe")
                return Finding("storage", True, f"{storage} can be read from here")
        except StoreError as error:
            return Finding("storage", False, str(error))
        said = f"{storage} is a folder of the cluster's, which all its machines must have in common"
        return Finding("storage", None, said)


def _is_here(storage: str) -> bool:
    return "://" in storage or Path(storage).is_dir()
