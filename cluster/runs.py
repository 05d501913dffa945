"""A run, as whoever asks for its state sees it, whatever place it is in."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from xfer.errors import Stopped, UserError
from xfer.events import Progress, parse

State = Literal["waiting", "running", "done", "failed", "stopped"]

STOPPED = Stopped.exit_code


@dataclass(frozen=True)
class Run:
    """One study on its way, or at its end."""

    name: str
    state: State
    progress: dict[str, Any] = field(default_factory=dict)
    """The driver's newest summary (``xfer.events.Progress``); empty until it has begun."""
    troubles: tuple[str, ...] = ()
    """What keeps it from going on, or has ended it."""

    @property
    def active(self) -> bool:
        """Whether it may still change by itself."""
        return self.state in ("waiting", "running")

    @property
    def code(self) -> int:
        """Exit code of who has waited for its end."""
        if self.state == "done":
            return 0
        if self.state == "stopped":
            return STOPPED
        return 2 if self.progress.get("code") == UserError.exit_code else 1

    def row(self) -> tuple[str, ...]:
        """For a table: name, state, phases, steps, rate, time left, device-hours, what it does."""
        told = self.progress
        if not told:
            return self.name, self.state, "", "", "", "", "", "; ".join(self.troubles)
        running = self.state == "running"
        steps = told["steps"] - told["steps_done"]  # a search adds steps that were not announced
        left = steps / told["rate"] if running and told["rate"] and steps >= 0 else None
        said = "; ".join(self.troubles) or (told["doing"] if running else told["problem"].partition("\n")[0])
        return (
            self.name,
            self.state,
            f"{told['phases_done']}/{told['phases']}",
            f"{told['steps_done']}/{told['steps']}",
            f"{told['rate']:.1f}/s" if running else "",
            "" if left is None else _span(left),
            f"{told['device_seconds'] / 3600:.2f}",
            said,
        )


COLUMNS = ("run", "state", "phases", "steps", "rate", "left", "device-hours", "what")


def why_failed(progress: dict[str, Any], said: str) -> str:
    """Of a run that has failed: what its driver knows of it, if it came to its end, else what the place ``said``."""
    if unfinished := progress.get("unfinished"):
        return f"{unfinished} cells are not done"
    return str(progress["problem"]) if progress.get("code") and progress["problem"] else said


def of_log(name: str, lines: Iterable[str], alive: bool) -> Run:
    """A run whose driver's log is all there is to know of it, and whether the driver is alive."""
    progress = Progress()
    for line in lines:
        event = parse(line)
        if event is not None:
            progress.add(event)
    told = progress.summary() if progress.began else {}
    if alive:
        return Run(name, "running" if told else "waiting", told)
    if progress.code is None:
        return Run(name, "failed", told, ("its driver ended without a word; the same study, run again, goes on",))
    if progress.unfinished:
        return Run(name, "failed", told, (f"{progress.unfinished} cells are not done",))
    ends: dict[int, State] = {0: "done", STOPPED: "stopped"}
    return Run(name, ends.get(progress.code, "failed"), told)


def _span(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(seconds)) if seconds < 86400 else f"{seconds / 86400:.1f} days"
