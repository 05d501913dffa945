"""The desk between Tune's trials and the driver: an actor that trials wait at, so that nobody has to look again."""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Asked(NamedTuple):
    """How good is this trial?"""

    trial: int
    """Its number, in the order in which trials were begun."""
    units: int
    """Trained so far, in units of the scheduler's; 0: to its end."""


class Reply(NamedTuple):
    """What a trial is told."""

    score: float | None
    """None: it failed."""
    over: bool
    """Whether the search has come to its end, however good the trial may be."""


class Desk:
    """Every call waits until there is something to say."""

    def __init__(self) -> None:
        self._questions: asyncio.Queue[Asked | None] = asyncio.Queue()
        self._answers: dict[Asked, asyncio.Future[Reply]] = {}
        self._closed = False

    async def ask(self, question: Asked) -> Reply:
        """Put a question on the desk; what is answered."""
        if self._closed:
            return Reply(None, True)
        waiting = self._answers.setdefault(question, asyncio.get_running_loop().create_future())
        self._questions.put_nowait(question)
        return await waiting

    async def next(self) -> Asked | None:
        """The next question; None when the desk has been closed."""
        return await self._questions.get()

    async def answer(self, question: Asked, score: float | None) -> None:
        """Tell the trial that asked."""
        self._answers.pop(question).set_result(Reply(score, False))

    async def close(self) -> None:
        """Send everybody home."""
        self._closed = True
        for waiting in self._answers.values():
            waiting.set_result(Reply(None, True))
        self._answers.clear()
        self._questions.put_nowait(None)
