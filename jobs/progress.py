"""Keeps a Job's progress in an annotation of its own, where whoever lists Jobs can read it."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any, Self

from xfer.events import PROGRESS, Event, Progress

EVERY = 5.0
"""Seconds between two reports."""


class Reporter:
    """Adds events up, and patches the Job now and then; what cannot be told is said once, and costs no more."""

    def __init__(self, api: Any, namespace: str, job: str) -> None:
        self._api, self._namespace, self._job = api, namespace, job
        self._progress, self._lock = Progress(), threading.Lock()
        self._end, self._told = threading.Event(), False
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
        self._report()

    def _run(self) -> None:
        while not self._end.wait(EVERY):
            self._report()

    def _report(self) -> None:
        with self._lock:
            text = json.dumps(self._progress.summary())
        try:
            change = {"metadata": {"annotations": {PROGRESS: text}}}
            self._api.patch_namespaced_job(self._job, self._namespace, change, _request_timeout=EVERY)
        except Exception as error:  # a study does not end because nobody can be told of it
            if not self._told:
                self._told = True
                sys.stderr.write(f"cannot report progress: {type(error).__name__}: {error}\n")
