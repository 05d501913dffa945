"""Drivers of studies that train nothing: each tells the progress of a study of its own length, as a real one does."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from jobs.progress import Reporter
from xfer.events import Events

STEPS = 100_000
"""Of each study, in one phase."""


@contextmanager
def drivers(lengths: Mapping[tuple[str, str], float], apis: Mapping[str, Any]) -> Iterator[None]:
    """Until the block ends: a driver for each namespace and run, whose study takes so many seconds.

    ``apis`` are clients of Jobs by namespace.
    """
    over = threading.Event()
    with ExitStack() as stack:
        sinks = {}
        for (namespace, run), seconds in lengths.items():
            reporter = stack.enter_context(Reporter(partial(apis[namespace].patch_namespaced_job, run, namespace)))
            events = sinks[namespace, run] = Events(io.StringIO(), reporter.add), STEPS / seconds
            events[0].emit("study", phases=1, cached=0, steps=STEPS)
            events[0].emit("lane", lane=0, ranks=16)
            events[0].emit("phase", phase="one", steps=STEPS, first_step=0, roles=["target"], trains_on="nothing")
        feeding = threading.Thread(target=_feed, args=(list(sinks.values()), over))
        feeding.start()
        try:
            yield
        finally:
            over.set()
            feeding.join()


def _feed(sinks: list[tuple[Events, float]], over: threading.Event) -> None:
    """Tell everybody's steps, at their own rates; an event a second, as of a phase that trains."""
    began = time.monotonic()
    while not over.wait(1.0):
        for events, rate in sinks:
            step = min(STEPS, int((time.monotonic() - began) * rate))
            events.emit("step", phase="one", step=step, steps=STEPS, loss=1.0)
