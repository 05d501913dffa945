"""Attempts: one holder's try at a phase, numbered by exclusive create.

The number is the fencing token. A holder shows that it is alive by a counter in its heartbeat; whoever sees
the counter stand still for ``LEASE`` seconds *on its own clock* (or can see that the holder's process on this
very machine is gone) may open the next attempt. Committing is refused once a later attempt is open.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from xfer.errors import StoreError
from xfer.store.store import Store, as_json

LEASE = 90.0
"""Seconds that a heartbeat may stand still before its attempt counts as abandoned."""

BEAT = 1.0
"""Seconds between two heartbeats."""

SLOWER = 5
"""Times that it takes in a bucket, whose requests are paid one by one."""


@dataclass(frozen=True)
class Holder:
    """Who holds an attempt: enough to tell whether it still lives, if it is on this machine."""

    host: str
    boot: str
    pid: int
    started: str

    @classmethod
    def me(cls) -> Holder:
        return cls(socket.gethostname(), _boot(), os.getpid(), _start_time(os.getpid()) or "")

    def gone(self) -> bool:
        """True when the holder ran on this machine since its last boot and has ended."""
        here = (self.host, self.boot) == (socket.gethostname(), _boot()) and self.boot != ""
        return here and _start_time(self.pid) != self.started


@dataclass
class Attempt:
    """One try at a phase, held by this process."""

    store: Store
    phase: str
    number: int
    _step: int = 0
    _taken_over: bool = False
    _alive: float = field(default_factory=time.monotonic)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def path(self) -> str:
        return attempt_path(self.phase, self.number)

    def start(self, first_step: int) -> None:
        """Begin to beat; ``first_step`` is the step this attempt goes on from."""
        self._step = first_step
        self.store.put(f"{self.path}/start.json", as_json({"first_step": first_step}))
        self._beat(0)
        self._thread = threading.Thread(target=self._run, name=f"attempt-{self.phase}", daemon=True)
        self._thread.start()

    def reached(self, step: int) -> None:
        """Note the last optimizer step done."""
        self._step = max(self._step, step)

    def end(self, outcome: str, reason: str = "", detail: str = "") -> None:
        """Stop beating and write how it ended: ``committed``, ``failed``, ``stopped``, ``paused``, ``lost`` or
        ``refused``.

        ``detail`` is a traceback, for who looks closer.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.store.put(
            f"{self.path}/outcome.json",
            as_json(
                {
                    "outcome": outcome,
                    "last_step": self._step,
                    "reason": reason,
                    **({"detail": detail} if detail else {}),
                }
            ),
        )

    def superseded(self) -> bool:
        """Whether somebody has opened a later attempt: then this one must not commit."""
        return latest(self.store, self.phase) > self.number

    def may_be_taken_over(self) -> bool:
        """Whether somebody has opened a later attempt, or may have: no beat of ours got through for ``LEASE`` seconds.

        Who slept so long knows it at once, before it does a step that another does as well.
        """
        return self._taken_over or time.monotonic() - self._alive > LEASE

    def _run(self) -> None:
        counter = 0
        while not self._stop.wait(beat(self.store)):
            counter += 1
            with suppress(StoreError):  # the next beat may get through, and without beats others take over
                self._taken_over = self._taken_over or self.superseded()
                self._beat(counter)

    def _beat(self, counter: int) -> None:
        begun = time.monotonic()  # whoever sees this beat begins to count later
        self.store.put(f"{self.path}/heartbeat.json", as_json({"counter": counter, "step": self._step}))
        self._alive = begun


def beat(store: Store) -> float:
    """Seconds between two heartbeats there."""
    return BEAT if store.is_folder else SLOWER * BEAT


def attempt_path(phase: str, number: int) -> str:
    """Where an attempt's files are: ``phases/KEY/attempts/N``."""
    return f"phases/{phase}/attempts/{number}"


def latest(store: Store, phase: str) -> int:
    """Number of the newest attempt at a phase, 0 if there is none."""
    return max((int(name) for name in store.children(f"phases/{phase}/attempts")), default=0)


def may_run(store: Store, phase: str) -> bool:
    """Whether the newest attempt at a phase has neither ended nor a holder that is known to be gone."""
    newest = latest(store, phase)
    path = attempt_path(phase, newest)
    if newest == 0 or store.size(f"{path}/outcome.json") is not None:
        return False
    with suppress(TypeError):  # not a holder as this version knows it
        return not Holder(**(store.get_json(f"{path}/holder.json") or {})).gone()
    return True


class Claim:
    """Wants to hold a phase: watches the heartbeat of whoever does, on our own clock."""

    def __init__(self, store: Store, phase: str) -> None:
        self._store, self._phase = store, phase
        self._seen: tuple[int, Any] | None = None
        self._since = 0.0

    def is_free(self) -> bool:
        """Whether the phase's newest attempt, if there is any, has ended or counts as abandoned."""
        newest = latest(self._store, self._phase)
        return newest == 0 or self._is_over(newest)

    def open(self, done: Callable[[], bool]) -> Attempt | None:
        """Open the next attempt, unless somebody holds the phase or is quicker, or ``done`` says that there is nothing
        left to do: that is asked last, for whoever held it may have done it."""
        newest = latest(self._store, self._phase)
        if (newest and not self._is_over(newest)) or done():
            return None
        holder = as_json(Holder.me().__dict__)
        if self._store.create(f"{attempt_path(self._phase, newest + 1)}/holder.json", holder):
            return Attempt(self._store, self._phase, newest + 1)
        return None

    def _is_over(self, number: int) -> bool:
        path = attempt_path(self._phase, number)
        if self._store.size(f"{path}/outcome.json") is not None:
            return True
        holder = self._store.get_json(f"{path}/holder.json")
        if holder is not None and Holder(**holder).gone():
            return True
        beat = (self._store.get_json(f"{path}/heartbeat.json") or {}).get("counter")
        if self._seen != (number, beat):
            self._seen, self._since = (number, beat), time.monotonic()
        return time.monotonic() - self._since > LEASE


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _start_time(pid: int) -> str | None:
    """Start time of a running process in clock ticks since boot (proc(5), field 22); None if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
