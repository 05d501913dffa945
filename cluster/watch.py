"""Events for people: a live line with rate and time left on a terminal, plain lines elsewhere.

Reads JSON lines from wherever they come; what is not an event (a library's own words) is kept for errors.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import Any, Self

from rich import progress
from rich.console import Console

from cluster.runs import Run
from xfer.events import Event, Progress, parse


class Watch:
    """Renders one study's events as they come; with ``debug``, tracebacks as well."""

    def __init__(self, debug: bool = False) -> None:
        self._debug, self._sum = debug, Progress()
        self._console = Console(highlight=False, soft_wrap=True)
        self._bars = progress.Progress(
            progress.TextColumn("{task.description}"), progress.BarColumn(bar_width=24), progress.MofNCompleteColumn(),
            progress.TextColumn("steps {task.fields[rate]}"), progress.TimeRemainingColumn(compact=True),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._bar: progress.TaskID | None = None
        self._unread: deque[str] = deque(maxlen=40)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def line(self, line: str) -> None:
        """Take one line of a job's output."""
        event = parse(line)
        if event is None:
            self._unread.append(line.rstrip())
            return
        self._sum.add(event)
        handler = getattr(self, f"_on_{event['event']}", None)
        text = handler(event) if handler else None
        if text:
            self._console.print(text, markup=False)

    def _on_study(self, event: Event) -> str:
        self._bar = self._bars.add_task(event["study"], total=event["steps"], rate="")
        tuned = f", {event['experiments']} experiments" if event["experiments"] else ""
        return (
            f"{event['study']}: {event['phases']} phases ({event['cached']} in the store), "
            f"{event['evaluations']} evaluations, {event['cells']} cells{tuned}; {event['steps']} steps to do"
        )

    def _on_locking(self, event: Event) -> str:
        return f"making the lock {event['path']}"

    def _on_lane(self, event: Event) -> str:
        gpus = f", {event['gpus']} GPUs" if event["gpus"] else ""
        return f"starting lane {event['lane']}: {event['ranks']} ranks{gpus}"

    def _on_phase(self, event: Event) -> str:
        again = f" from step {event['first_step']} (attempt {event['attempt']})" if event["attempt"] > 1 else ""
        return f"{event['phase']}  {'+'.join(event['roles'])} on {event['trains_on']}: {event['steps']} steps{again}"

    def _on_step(self, event: Event) -> None:
        if self._bar is not None:
            rate, loss = f"{self._sum.rate:.1f}/s", f"loss {event['loss']:.3f}"
            self._bars.update(self._bar, completed=self._sum.steps_done, rate=rate, description=loss)

    def _on_again(self, event: Event) -> str:
        return f"{event['phase']}  its weights are needed and not here: {event['why']}; it is trained again"

    def _on_dropped(self, event: Event) -> str:
        return f"{event['phase']}  weights dropped: {event['bytes'] / 1e6:.1f} MB"

    def _on_trained(self, event: Event) -> str:
        rate = event["steps"] / event["seconds"] if event["seconds"] else 0.0
        return f"{event['phase']}  trained in {event['seconds']:.0f} s ({rate:.1f} steps/s)"

    def _on_scored(self, event: Event) -> str:
        values = "  ".join(f"{language} {100 * value:.1f}" for language, value in event["values"].items())
        return f"{event['phase'] or 'model itself'}  {event['task']} {event['split']} {event['metric']}: {values}"

    def _on_trial(self, event: Event) -> str:
        score = "failed" if event["score"] is None else f"{100 * event['score']:.1f}"
        return f"              trial {_values(event['values'])}{' so far' if event['units'] else ''}: {score}"

    def _on_decided(self, event: Event) -> str:
        chosen = _values(event["values"]) if event["values"] else "nothing: every trial failed"
        return f"decided for {event['model']} x {event['target']}: {chosen}"

    def _on_interrupted(self, event: Event) -> str:
        return f"{event['phase']}  attempt {event['attempt']} {event['state']}: {event['why'] or 'as asked'}"

    def _on_damaged(self, event: Event) -> str:
        return f"damaged, counts as absent: {event['record']}: {event['what']}"

    def _on_failed(self, event: Event) -> str:
        return f"{event['phase']}  FAILED: {event['why']}"

    def _on_error(self, event: Event) -> None:
        self._bars.stop()
        sys.stderr.write(f"xfer: {event['message']}\n" + (event["detail"] if self._debug else ""))

    def _on_end(self, event: Event) -> str | None:
        unfinished = event["unfinished"]
        return f"{unfinished} cells are not done; see: xfer results STUDY --table cells" if unfinished else None

    def ended(self, run: Run) -> None:
        """Say how a run ended that its driver's words do not explain: it was killed, or a library ended it."""
        self._bars.stop()
        if run.state == "failed" and self._sum.code is None:
            sys.stderr.write("".join(f"{line}\n" for line in self._unread))
        for trouble in run.troubles:
            sys.stderr.write(f"xfer: {run.name}: {trouble}\n")


def _values(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"({_values(value)})"
    return f"{value:g}" if isinstance(value, float) else str(value)
