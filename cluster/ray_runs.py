"""A study as a job of Ray, and a job as a run: nothing here needs a network.

Each time a study is run it is a job of its own, ``NAME.1``, ``NAME.2`` and so on: Ray mixes a job up with a deleted
one of the same id.
"""

from __future__ import annotations

import hashlib
import io
import shlex
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cluster import runs
from cluster.places import RayPlace
from cluster.ray_jobs import ENDED, Job
from cluster.runs import Run, State
from xfer.events import parse

STUDY = "xfer.dev/study"
"""In a job's metadata: the study that it runs."""

FOLDER = "study"
"""Where a study is in a job's working directory: Ray makes that importable, and a study's files are not to be."""

GRACE = 300
"""Seconds that a driver has for its snapshots when it is stopped."""

STATES: dict[str, State] = {
    "PENDING": "waiting", "RUNNING": "running", "SUCCEEDED": "done", "FAILED": "failed", "STOPPED": "stopped",
}  # fmt: skip

NOT_FOUND, KILLED = 127, 128
"""A shell's exit codes: for a command that is not there, and, less the signal, for one that a signal has ended."""

LONGEST = 400
"""Characters of others' words in a message."""


class Package(NamedTuple):
    """A working directory on its way."""

    name: str
    """It follows from the content."""
    content: bytes


def package(files: Mapping[str, str]) -> Package:
    """A study's files (path from where the study is, and content) as an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}")  # of no date: the same files are the same archive
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    content = packed.getvalue()
    return Package(f"xfer-{hashlib.sha256(content).hexdigest()[:32]}.zip", content)


def request(place: RayPlace, job: str, module: str, file: str, packed: Package, study: str = "") -> Job:
    """The job that runs a module on a study's file; one that is a run has the study's name."""
    ours = {"XFER_STORAGE": place.storage, "RAY_JOB_STOP_WAIT_TIME_S": str(GRACE)}
    return {
        "entrypoint": f"python -P -u -m {module} {shlex.quote(f'{FOLDER}/{file}')}",
        "submission_id": job,
        "metadata": {STUDY: study} if study else {},
        "runtime_env": {"working_dir": f"gcs://{packed.name}", "env_vars": {**place.env, **ours}},
    }


def without_secrets(made: Job) -> Job:
    """A request to be looked at: variables that are not ours may be secret."""
    environment = made["runtime_env"]
    shown = {
        name: value if name.startswith(("XFER_", "RAY_")) else "***" for name, value in environment["env_vars"].items()
    }
    return {**made, "runtime_env": {**environment, "env_vars": shown}}


def newest(jobs: Iterable[Job]) -> dict[str, Job]:
    """The newest job of each study, by the study's name."""
    ours = [job for job in jobs if STUDY in (job["metadata"] or {})]
    return {job["metadata"][STUDY]: job for job in sorted(ours, key=lambda job: _number(job["submission_id"]))}


def next_id(study: str, jobs: Iterable[Job]) -> str:
    """The id of a study's next job, which no job has, ours or not."""
    taken = [job["submission_id"] for job in jobs]
    return f"{study}.{1 + max((_number(job) for job in taken if job.startswith(f'{study}.')), default=0)}"


def _number(job: str) -> int:
    number = job.rpartition(".")[2]
    return int(number) if number.isdecimal() else 0


def judged(job: Job, lines: Sequence[str]) -> Run:
    """What a job has come to, by its driver's words and, where these say nothing, by Ray's."""
    name, status = job["metadata"][STUDY], job["status"]
    if status == "PENDING":
        return Run(name, "waiting", troubles=(str(job["message"]),))
    found = runs.of_log(name, lines, alive=status not in ENDED)
    if found.active or found.progress.get("code") is not None:
        return found
    if status == "FAILED":
        return Run(name, "failed", found.progress, (why(job, lines),))
    trouble = ("its driver was ended before it had left a snapshot",) if status == "STOPPED" else ()
    return Run(name, STATES[status], found.progress, trouble)


def why(job: Job, lines: Sequence[str]) -> str:
    """Why a job failed whose driver does not say so."""
    code = job.get("driver_exit_code")
    if code is None:
        return " ".join(str(job["message"]).split())[:LONGEST]
    words = [line.strip()[:LONGEST] for line in lines if line.strip() and parse(line) is None]
    last = words[-1] if words else "it has said nothing"
    if code == NOT_FOUND or "No module named" in last:
        return f"xfer cannot be started there ({last}): install it, and a 'python', on all machines of the cluster"
    signal = -code if code < 0 else code - KILLED
    ended = f"signal {signal} ended its driver" if signal > 0 else f"its driver ended with code {code} ({last})"
    return f"{ended}; the same study, run again, goes on"


def refused(job: Job, lines: Sequence[str]) -> str:
    """What a command has said that failed: its own words, without Ray's and without events."""
    if job.get("driver_exit_code") != 2:
        return why(job, lines)
    begins = next((i + 1 for i, line in enumerate(lines) if line.startswith("Running entrypoint for job ")), 0)
    return "\n".join(line for line in lines[begins:] if parse(line) is None).strip()
