"""Keeps a Job's progress in an annotation of its own, where whoever lists Jobs can read it."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Mapping
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
    """Adds events up, and patches the Job now and then; what cannot be told is said once, and costs no more."""

    def __init__(self, api: Any, namespace: str, job: str) -> None:
        self._api, self._namespace, self._job = api, namespace, job
        self._progress, self._lock = Progress(), threading.Lock()
        self._end, self._told = threading.Event(), False
        self._last: dict[str, Any] = {}
        self._when = 0.0
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    @classmethod
    def of_this_job(cls) -> Reporter:
        """For the Job whose pod this process runs in."""
        from kubernetes import client, config

        config.load_incluster_config()
        return cls(client.BatchV1Api(), os.environ["POD_NAMESPACE"], os.environ["XFER_RUN"])

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
        if not is_news(summary, self._last, time.monotonic() - self._when):
            return
        try:
            change = {"metadata": {"annotations": {PROGRESS: json.dumps(summary)}}}
            self._api.patch_namespaced_job(self._job, self._namespace, change, _request_timeout=EVERY)
        except Exception as error:  # a study does not end because nobody can be told of it
            if not self._told:
                self._told = True
                sys.stderr.write(f"cannot report progress: {type(error).__name__}: {error}\n")
            return
        self._last, self._when = summary, time.monotonic()


def is_news(now: Mapping[str, Any], told: Mapping[str, Any], seconds: float) -> bool:
    """Whether a summary is worth a call, so many seconds after another was told (none: ``told`` is empty).

    A step is news in a study of a hundred and not in one of a million: a driver of many hours calls once a minute.
    """
    if now == told:
        return False
    if not told or any(now[name] != told[name] for name in now.keys() - COUNTS):
        return True
    return seconds >= SELDOM or abs(now["steps_done"] - told["steps_done"]) >= max(1, PART * now["steps"])
