"""The control groups of pods, in every hierarchy of the machine: their processes, and removing them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.cluster.bed import processes
from tests.cluster.bed.layout import BedError

ROOT = Path("/sys/fs/cgroup")
PODS = "kubepods"


def pods() -> list[Path]:
    """The kubelet's group in each hierarchy."""
    return [path for path in (ROOT / PODS, *sorted(ROOT.glob(f"*/{PODS}"))) if path.is_dir()]


def kill_pods(seconds: float = 10.0) -> None:
    """Kill whatever runs in pods; again, as long as something is born there.

    Raises:
        BedError: something is alive after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while alive := _processes():
        if time.monotonic() > deadline:
            raise BedError(f"processes of pods that do not die: {sorted(alive)}")
        processes.end(alive, signal.SIGKILL, 1.0)


def remove_pods(seconds: float = 5.0) -> None:
    """Remove the emptied groups, the deepest first.

    Raises:
        BedError: a group is still there after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while left := [folder for root in pods() for folder in _folders(root)]:
        for folder in left:
            with suppress(OSError):  # busy for a moment after its last process died
                folder.rmdir()
        if pods() and time.monotonic() > deadline:
            raise BedError(f"control groups that cannot be removed: {', '.join(map(str, pods()))}")
        if pods():
            time.sleep(0.05)


def _folders(root: Path) -> list[Path]:
    return [Path(folder) for folder, _, _ in os.walk(root, topdown=False)]


def _processes() -> set[int]:
    """Living processes in pods; those that only wait to be reaped are not."""
    found = set()
    for root in pods():
        for folder in _folders(root):
            with suppress(FileNotFoundError, OSError):
                found |= {int(line) for line in (folder / "cgroup.procs").read_text(encoding="ascii").split()}
    return {pid for pid in found if processes.start_time(pid) is not None}
