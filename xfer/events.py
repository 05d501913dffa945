"""Everything that happens, as JSON lines: one object a line, ``time`` and ``event`` first.

The driver is the only one who writes events; whoever watches (a terminal, a pod's log) reads lines.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

PROGRESS = "xfer.dev/progress"
"""Annotation of a Job or RayJob on Kubernetes in which its driver keeps a summary of its progress."""

STEP_INTERVAL = 1.0
"""Seconds between two ``step`` events of one phase."""


Event = Mapping[str, Any]
"""``time`` (seconds since 1970), ``event`` (its kind) and the kind's own fields."""


def parse(line: str) -> Event | None:
    """The event of a line; None for what is none, such as a library's own words."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    is_event = isinstance(found, dict) and isinstance(found.get("event"), str) and "time" in found
    return found if is_event else None


class Events:
    """A sink for events: one JSON line each on ``stream``, and a call of ``listener`` for who keeps count.

    Any thread may write.
    """

    def __init__(self, stream: TextIO, listener: Callable[[Event], None] | None = None) -> None:
        self._stream, self._listener = stream, listener
        self._writing = threading.Lock()
        self._last_step: dict[str, float] = {}

    def emit(self, event: str, **fields: object) -> None:
        """Write an event that happens now; ``fields`` are JSON values."""
        self.write({"time": round(time.time(), 3), "event": event, **fields})

    def write(self, event: Event) -> None:
        """Write one event."""
        with self._writing:
            self._stream.write(json.dumps(event, ensure_ascii=False) + "\n")
            self._stream.flush()
            if self._listener is not None:
                self._listener(event)

    def step(self, phase: str, step: int, steps: int, **fields: object) -> None:
        """Write a ``step`` event, at most one of a phase every ``STEP_INTERVAL`` seconds."""
        now = time.monotonic()
        if step >= steps or now - self._last_step.get(phase, 0.0) >= STEP_INTERVAL:
            self._last_step[phase] = now
            self.emit("step", phase=phase, step=step, steps=steps, **fields)


@dataclass
class Progress:
    """What a run's events add up to."""

    phases: int = 0
    phases_done: int = 0
    steps: int = 0
    """To be done by this run when it began."""
    began: float = 0.0
    """Seconds since 1970."""
    time: float = 0.0
    """Of the newest event, seconds since 1970."""
    doing: str = ""
    problem: str = ""
    """The last thing that went wrong."""
    unfinished: int | None = None
    """Cells that are not done, once the run has come to its end."""
    code: int | None = None
    """Exit code of the driver, once it has said how it ended."""
    device_seconds: float = 0.0
    """Of ranks that were held."""
    _ranks: dict[int, int] = field(default_factory=dict)
    """Of each open lane."""
    _planned: dict[str, int] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Count one event in."""
        self.device_seconds += sum(self._ranks.values()) * max(0.0, event["time"] - self.time) if self.time else 0.0
        self.time = event["time"]
        self.began = self.began or self.time
        handler = getattr(self, f"_on_{event['event']}", None)
        if handler is not None:
            handler(event)

    @property
    def steps_done(self) -> int:
        """Optimizer steps; a phase that patience ended early counts as a whole."""
        return sum(self._done.values())

    @property
    def rate(self) -> float:
        """Steps a second since the run began."""
        return self.steps_done / (self.time - self.began) if self.time > self.began else 0.0

    def summary(self) -> dict[str, Any]:
        """What a table of runs shows, as JSON values."""
        return {
            "phases": self.phases, "phases_done": self.phases_done, "steps": self.steps, "steps_done": self.steps_done,
            "rate": round(self.rate, 2), "began": self.began, "time": self.time, "doing": self.doing,
            "problem": self.problem, "unfinished": self.unfinished, "code": self.code,
            "device_seconds": round(self.device_seconds),
        }  # fmt: skip

    def _on_study(self, event: Event) -> None:
        self.phases, self.phases_done, self.steps = event["phases"], event["cached"], event["steps"]

    def _on_lane_ready(self, event: Event) -> None:
        self._ranks[event["lane"]] = event["ranks"]

    def _on_lane_end(self, event: Event) -> None:
        self._ranks.pop(event["lane"], None)

    def _on_phase(self, event: Event) -> None:
        self._planned[event["phase"]] = event["steps"]
        self._done[event["phase"]] = event["first_step"]
        self.doing = f"{'+'.join(event['roles'])} on {event['trains_on']}"

    def _on_step(self, event: Event) -> None:
        self._done[event["phase"]] = event["step"]

    def _on_trained(self, event: Event) -> None:
        self._done[event["phase"]] = self._planned.get(event["phase"]) or int(event["steps"])
        self.phases_done += 1

    def _on_scored(self, event: Event) -> None:
        self.doing = f"scored {event['task']}"

    def _on_interrupted(self, event: Event) -> None:
        self.problem = str(event["why"])

    def _on_failed(self, event: Event) -> None:
        self.problem = str(event["why"])

    def _on_error(self, event: Event) -> None:
        self.problem, self.code = str(event["message"]), event["code"]

    def _on_end(self, event: Event) -> None:
        self.unfinished = event["unfinished"]
        self.code = 1 if self.unfinished else 0
