"""A run, as whoever asks for its state sees it, whatever place it is in."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True)
class Run:
    """One study on its way, or at its end."""

    name: str
    state: State
    progress: dict[str, Any] = field(default_factory=dict)
    """The driver's newest summary (``xfer.events.Progress``); empty until it has begun."""
    troubles: tuple[str, ...] = ()
    """What keeps it from going on, or has ended it."""

    def row(self) -> tuple[str, ...]:
        """For a table: name, state, phases, steps, rate, time left, device-hours, what it does."""
        told = self.progress
        if not told:
            return self.name, self.state, "", "", "", "", "", "; ".join(self.troubles)
        running = self.state == "running"
        left = (told["steps"] - told["steps_done"]) / told["rate"] if running and told["rate"] else None
        said = "; ".join(self.troubles) or (told["doing"] if running else told["problem"])
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


def _span(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(seconds)) if seconds < 86400 else f"{seconds / 86400:.1f} days"
