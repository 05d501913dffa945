"""Programs that stay: started in sessions of their own, found again by number and start time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.cluster.bed.layout import Bed, BedError
from tests.cluster.bed.programs import search_path

MARK = "XFER_BED_FOLDER"
"""In the environment of all that the bed starts, and so of what that starts."""


def start(bed: Bed, name: str, *command: str | Path) -> None:
    """Start a program that outlives this one; it writes to the bed's ``logs``."""
    bed.logs.mkdir(parents=True, exist_ok=True)
    bed.processes.mkdir(parents=True, exist_ok=True)
    with log(bed, name).open("ab") as written:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=bed.folder,
            env={"PATH": search_path(), "HOME": str(bed.folder), MARK: str(bed.folder)},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    (bed.processes / name).write_text(json.dumps([process.pid, start_time(process.pid)]), encoding="utf-8")


def log(bed: Bed, name: str) -> Path:
    return bed.logs / f"{name}.log"


def running(bed: Bed) -> dict[str, int]:
    """Which of the programs that were started are alive, and their numbers."""
    found = {}
    for file in sorted(bed.processes.glob("*")) if bed.processes.exists() else []:
        with suppress(ValueError):  # the file of a start that was cut short
            pid, started = json.loads(file.read_text(encoding="utf-8"))
            if started is not None and start_time(pid) == started:
                found[file.name] = pid
    return found


def started(bed: Bed) -> list[str]:
    """The names of all that were started."""
    return sorted(file.name for file in bed.processes.glob("*")) if bed.processes.exists() else []


def insist(bed: Bed, name: str) -> None:
    """Raise, with the end of its log, when a program is no longer there."""
    if name not in running(bed):
        lines = log(bed, name).read_text(encoding="utf-8", errors="replace").splitlines()
        raise BedError("\n".join([f"{name} ended; the end of its log:", *lines[-15:]]))


def stop(bed: Bed, name: str, grace: float = 5.0) -> None:
    """End a program and wait until it is gone; by force after ``grace`` seconds."""
    pid = running(bed).get(name)
    if pid is not None:
        end([pid], signal.SIGTERM, grace)
        end([pid], signal.SIGKILL, 10.0)


def offspring(bed: Bed) -> list[int]:
    """Every process that the bed's programs are or have started, but for those in pods.

    Containerd's shims are among them, which outlive it, and a program whose start was cut short.
    """
    mark = f"{MARK}={bed.folder}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # gone meanwhile, or not even root may look
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def end(pids: Iterable[int], number: signal.Signals, seconds: float) -> None:
    """Signal processes, and wait for ``seconds`` at most until all are gone."""
    left = {pid: begun for pid in pids if (begun := start_time(pid)) is not None}
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + seconds
    while any(start_time(pid) == begun for pid, begun in left.items()) and time.monotonic() < deadline:
        time.sleep(0.02)


def start_time(pid: int) -> str | None:
    """When a process began, in ticks since the machine's start; None if it is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]
