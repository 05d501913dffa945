"""Events for people: a live line with rate and time left on a terminal, plain lines elsewhere.

Reads JSON lines from wherever they come; what is not an event (a library's own words) is kept for errors.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class Watch:
    """Renders one study's events as they come; with ``debug``, tracebacks as well."""

    def __init__(self, debug: bool = False) -> None:
        self._debug, self._explained = debug, False
        self._console = Console(highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("steps"),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(compact=True),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._bar: TaskID | None = None
        self._steps: dict[str, int] = {}
        self._unread: deque[str] = deque(maxlen=40)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def line(self, line: str) -> None:
        """Take one line of a job's output."""
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, TypeError, KeyError):
            self._unread.append(line.rstrip())
            return
        handler = getattr(self, f"_on_{kind}", None)
        text = handler(event) if handler else None
        if text:
            self._console.print(text, markup=False)

    def _on_study(self, event: dict[str, Any]) -> str:
        self._bar = self._progress.add_task(event["study"], total=event["steps"], rate="")
        tuned = f", {event['experiments']} experiments" if event["experiments"] else ""
        return (
            f"{event['study']}: {event['phases']} phases ({event['cached']} in the store), "
            f"{event['evaluations']} evaluations, {event['cells']} cells{tuned}; {event['steps']} steps to do"
        )

    def _on_locking(self, event: dict[str, Any]) -> str:
        return f"making the lock {event['path']}"

    def _on_lane(self, event: dict[str, Any]) -> str:
        return f"starting a lane: {event['ranks']} ranks, ZeRO {event['zero_stage']}"

    def _on_phase(self, event: dict[str, Any]) -> str:
        again = f" from step {event['first_step']} (attempt {event['attempt']})" if event["attempt"] > 1 else ""
        self._steps[event["phase"]] = 0
        return f"{event['phase']}  {'+'.join(event['roles'])} on {event['trains_on']}: {event['steps']} steps{again}"

    def _on_step(self, event: dict[str, Any]) -> str | None:
        done = event["step"] - self._steps.get(event["phase"], 0)
        self._steps[event["phase"]] = event["step"]
        if self._bar is not None:
            task = self._progress.tasks[self._bar]
            rate = f"{task.speed:.1f}/s" if task.speed else ""
            self._progress.update(self._bar, advance=max(0, done), rate=rate, description=f"loss {event['loss']:.3f}")
        return None

    def _on_trained(self, event: dict[str, Any]) -> str:
        rate = event["steps"] / event["seconds"] if event["seconds"] else 0.0
        return f"{event['phase']}  trained in {event['seconds']:.0f} s ({rate:.1f} steps/s)"

    def _on_scored(self, event: dict[str, Any]) -> str:
        values = "  ".join(f"{language} {100 * value:.1f}" for language, value in event["values"].items())
        return f"              {event['task']} {event['split']} {event['metric']}: {values}"

    def _on_trial(self, event: dict[str, Any]) -> str:
        score = "failed" if event["score"] is None else f"{100 * event['score']:.1f}"
        return f"              trial {_values(event['values'])}{' so far' if event['units'] else ''}: {score}"

    def _on_decided(self, event: dict[str, Any]) -> str:
        chosen = _values(event["values"]) if event["values"] else "nothing: every trial failed"
        return f"decided for {event['model']} x {event['target']}: {chosen}"

    def _on_interrupted(self, event: dict[str, Any]) -> str:
        return f"{event['phase']}  attempt {event['attempt']} {event['state']}: {event['why'] or 'as asked'}"

    def _on_damaged(self, event: dict[str, Any]) -> str:
        return f"damaged, counts as absent: {event['record']}: {event['what']}"

    def _on_failed(self, event: dict[str, Any]) -> str:
        return f"{event['phase']}  FAILED: {event['why']}"

    def _on_error(self, event: dict[str, Any]) -> None:
        self._progress.stop()
        self._explained = True
        sys.stderr.write(f"xfer: {event['message']}\n" + (event["detail"] if self._debug else ""))

    def _on_end(self, event: dict[str, Any]) -> str | None:
        unfinished = event["unfinished"]
        return f"{unfinished} cells are not done; see: xfer results STUDY --table cells" if unfinished else None

    def ended(self, code: int) -> None:
        """Say how a job ended that did not say so itself: it was killed, or a library ended it."""
        if code < 0 and not self._explained:
            tail = "\n".join(self._unread)
            sys.stderr.write(f"{tail}\nxfer: signal {-code} ended the job; the same command goes on from there\n")


def _values(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())
