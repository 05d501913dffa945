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

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        return task

    async def finish(self) -> None:
        """Wait for the end of every task. Raises the first error; one that only says that others stopped comes last."""
        errors: list[BaseException] = []
        while self._tasks:
            done, _ = await asyncio.wait(self._tasks, timeout=LOOK, return_when=asyncio.FIRST_EXCEPTION)
            self._tasks -= done
            errors += [error for task in done if (error := task.exception()) is not None]
            if not errors:
                try:
                    self._look()
                except XferError as error:
                    errors.append(error)
            if errors:
                self._stop.set()
            if self._stop.is_set():
                self._on_stop()
        for first in sorted(errors, key=lambda error: isinstance(error, Stopped)):
            raise first
