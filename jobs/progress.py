"""Keeps a run's progress in an annotation of its own object, where whoever lists runs can read it."""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from xfer.events import PROGRESS, Event, Progress

EVERY = 5.0
"""Seconds between two looks at whether there is something to report."""

SELDOM = 60.0
"""Seconds after which the least change is reported."""

PART = 0.01
"""Of all steps, that make a difference to who reads."""

COUNTS = ("steps_done", "rate", "time", "device_seconds")
"""What nearly every event changes."""


class Reporter:
    """Adds events up, and now and then merges the sum into the run's object by ``patch``.

    What cannot be told is said once, and costs no more.
    """

    def __init__(self, patch: Callable[[dict[str, Any]], object]) -> None:
        self._patch = patch
        self._progress, self._lock = Progress(), threading.Lock()
        self._end, self._told = threading.Event(), False
        self._last: dict[str, Any] = {}
        self._when = 0.0
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def add(self, event: Event) -> None:
        with self._lock:
            self._progress.add(event)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._when = -math.inf  # the last word counts, however little it changes
        self._report()

    def _run(self) -> None:
        while not self._end.wait(EVERY):
            self._report()

    def _report(self) -> None:
        with self._lock:
            summary = self._progress.summary()
        change = {"metadata": {"annotations": {PROGRESS: json.dumps(summary)}}}
        if is_news(summary, self._last, time.monotonic() - self._when) and self.tell(change):
            self._last, self._when = summary, time.monotonic()

    def tell(self, change: dict[str, Any]) -> bool:
        """Merge a change into the run's object; whether that could be."""
        try:
            self._patch(change)
        except Exception as error:  # a study does not end because nobody can be told of it
            if not self._told:
                self._told = True
                sys.stderr.write(f"cannot report progress: {type(error).__name__}: {error}\n")
            return False
        return True


def is_news(now: Mapping[str, Any], told: Mapping[str, Any], seconds: float) -> bool:
    """Whether a summary is worth a call, so many seconds after another was told (none: ``told`` is empty).

    A step is news in a study of a hundred and not in one of a million: a driver of many hours calls once a minute.
    """
    if now == told:
        return False
    if not told or any(now[name] != told[name] for name in now.keys() - COUNTS):
        return True
    return seconds >= SELDOM or abs(now["steps_done"] - told["steps_done"]) >= max(1, PART * now["steps"])
