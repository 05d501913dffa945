"""The tasks of one study: whatever ends one of them before its time stops the others, at their next step."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from xfer.errors import Stopped, XferError

LOOK = 0.1
"""Seconds between two looks whether to stop."""

T = TypeVar("T")


class Crew:
    """Starts tasks and waits for all of them, also for those that they start."""

    def __init__(self, stop: threading.Event, look: Callable[[], None], on_stop: Callable[[], None]) -> None:
        """``look`` is called all the time and may raise what ends the study; ``on_stop`` from then on that ``stop`` is
        set, to turn away who waits."""
        self._stop, self._look, self._on_stop = stop, look, on_stop
        self._tasks = set[asyncio.Task[Any]]()
        self._errors: list[BaseException] = []
        self._changed = asyncio.Event()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if (error := task.exception()) is not None:
            self._errors.append(error)
        if self._errors or not self._tasks:
            self._changed.set()

    async def finish(self) -> None:
        """Wait for the end of every task. Raises the first error; one that only says that others stopped comes last."""
        while self._tasks:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), LOOK)
            except TimeoutError:
                self._have_a_look()
            if self._errors:
                self._stop.set()
            if self._stop.is_set():
                self._on_stop()
        for first in sorted(self._errors, key=lambda error: isinstance(error, Stopped)):
            raise first

    def _have_a_look(self) -> None:
        if not self._errors:
            try:
                self._look()
            except XferError as error:
                self._errors.append(error)
