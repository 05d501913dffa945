"""Everything that happens, as JSON lines: one object a line, ``time`` and ``event`` first.

The driver is the only one who writes events; whoever watches (a terminal, a pod's log) reads lines.
"""

from __future__ import annotations

import json
import time
from typing import TextIO

STEP_INTERVAL = 1.0
"""Seconds between two ``step`` events of one phase."""


class Events:
    """A sink for events: one JSON line each on ``stream``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last_step = 0.0

    def emit(self, event: str, **fields: object) -> None:
        """Write one event; ``fields`` are JSON values."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **fields}, ensure_ascii=False)
        self._stream.write(line + "\n")
        self._stream.flush()

    def step(self, phase: str, step: int, steps: int, **fields: object) -> None:
        """Write a ``step`` event, at most one every ``STEP_INTERVAL`` seconds."""
        now = time.monotonic()
        if step >= steps or now - self._last_step >= STEP_INTERVAL:
            self._last_step = now
            self.emit("step", phase=phase, step=step, steps=steps, **fields)
