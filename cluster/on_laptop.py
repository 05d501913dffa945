"""The place 'this machine': a study runs in a process of its own, which outlives whoever watches it.

A run is a folder: the driver's log, which it writes; what it is, in ``run.json``; and a file that its driver
holds locked while it lives, whatever becomes of process numbers.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import chain, count
from pathlib import Path
from typing import Any, TextIO

import platformdirs

from cluster import runs
from cluster.place import Absent, Finding
from cluster.runs import Run
from xfer.io import write_whole
from xfer.study import reading

POLL = 0.1
"""Seconds between two looks at a log that is being written."""


class OnLaptop:
    """Runs of this user on this machine."""

    def __init__(self) -> None:
        self._folder = platformdirs.user_state_path("xfer") / "runs"

    def submit(self, study: Path) -> str:
        """Start a driver; the run is called like its study, with a number where a run of that name is alive."""
        wanted = reading.read(study).study
        for name in chain([wanted], (f"{wanted}-{i}" for i in count(2))):
            folder = self._folder / name
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder / "alive", os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            else:
                self._start(folder, study.resolve(), handle)
                return name
            finally:
                os.close(handle)
        raise AssertionError("numbers do not end")

    def _start(self, folder: Path, study: Path, handle: int) -> None:
        command = [sys.executable, "-P", "-u", "-m", "jobs.run_study", str(study)]
        os.set_inheritable(handle, True)  # what the driver holds open is locked while it lives
        log = (str(folder / "log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        streams = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, *log),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        # A session of its own: Ctrl-C reaches it once, through us, and the end of a terminal does not end it.
        pid = os.posix_spawn(sys.executable, command, os.environ, file_actions=streams, setsid=True)
        write_whole(folder / "run.json", json.dumps({"pid": pid, "study": str(study)}).encode())

    def runs(self) -> list[Run]:
        """Every run whose log is there."""
        return [self.run(path.parent.name) for path in sorted(self._folder.glob("*/run.json"))]

    def run(self, name: str) -> Run:
        """One run, as its log tells it."""
        with self._log(name) as log:
            alive = self._alive(name)  # before the log is read: what it writes last is then in it
            return runs.of_log(name, log, alive)

    def follow(self, name: str, on_line: Callable[[str], None], tell: Callable[[str], None]) -> Run:
        """Hand over the driver's lines until it ends."""
        for line in self.logs(name, follow=True):
            on_line(line)
        return self.run(name)

    def logs(self, name: str, follow: bool) -> Iterator[str]:
        """Lines of the driver's log."""
        with self._log(name) as log:
            part = ""
            while True:
                alive = follow and self._alive(name)
                for piece in log:
                    part += piece
                    if part.endswith("\n"):
                        yield part.rstrip("\n")
                        part = ""
                if not alive:
                    break
                time.sleep(POLL)
            if part:
                yield part

    def stop(self, name: str) -> None:
        """Interrupt the driver: it leaves a snapshot. A second time it ends at once."""
        told = self._told(name)
        if self._alive(name):
            os.kill(told["pid"], signal.SIGINT)

    def examine(self) -> Iterator[Finding]:
        """What this machine has for training."""
        lacking = [name for name in ("torch", "ray", "deepspeed", "transformers") if find_spec(name) is None]
        fix = f"missing: {', '.join(lacking)}: pip install 'xfer[train]'"
        yield Finding("packages", not lacking, fix if lacking else "all that training needs")
        yield Finding("CPUs", True, str(len(os.sched_getaffinity(0))))
        cards = len(list(Path("/dev").glob("nvidia[0-9]*")))
        yield Finding("GPUs", True if cards else None, f"{cards} NVIDIA devices")
        for variable in ("XFER_DATA", "XFER_MODELS"):
            given = os.environ.get(variable)
            yield Finding(variable, None if given is None else True, given or "not set: names go to the Hub")

    def _told(self, name: str) -> dict[str, Any]:
        try:
            return dict(json.loads((self._folder / name / "run.json").read_bytes()))
        except FileNotFoundError as error:
            known = ", ".join(path.parent.name for path in sorted(self._folder.glob("*/run.json"))) or "there is none"
            raise Absent(f"there is no run '{name}'", "this machine", f"runs: {known}") from error

    def _log(self, name: str) -> TextIO:
        self._told(name)
        return (self._folder / name / "log").open(encoding="utf-8", errors="replace")

    def _alive(self, name: str) -> bool:
        """Whether the driver lives: it holds a lock that nobody else gets meanwhile."""
        try:
            with (self._folder / name / "alive").open("rb") as handle:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
