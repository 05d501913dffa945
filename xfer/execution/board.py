"""The board between a driver and a lane: an actor outside the worker group, so that it outlives the workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from xfer.execution.jobs import Evaluate, Result, Train
from xfer.store.attempts import LEASE

Job = Train | Evaluate

SILENCE = LEASE * 2 / 3
"""Seconds without a look from the driver after which workers stop."""


class Seen(NamedTuple):
    """What a driver sees on the board."""

    step: int
    metrics: dict[str, float]
    result: Result | None
    taken: bool
    """Whether the workers have begun with the job."""


class Board:
    """One job at a time. A new worker group that joins finds its predecessor's job lost. Who waits is woken."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._job: tuple[int, Job] | None = None
        self._number = self._groups = 0
        self._seen = Seen(0, {}, None, False)
        self._stop = self._end = False
        self._looked = time.monotonic()

    async def submit(self, job: Job) -> int:
        """Put a job on the board; its number."""
        self._number += 1
        self._job, self._stop = (self._number, job), False
        self._looked = time.monotonic()
        await self._note(Seen(0, {}, None, False))
        return self._number

    async def join(self) -> None:
        """A worker group has started."""
        self._groups += 1
        lost = self._seen.taken and self._seen.result is None
        result = Result("lost", "the workers died and were started again") if lost else self._seen.result
        await self._note(self._seen._replace(result=result))

    async def joined(self, patience: float) -> bool:
        """Whether a worker group has ever started; waits so many seconds for it."""
        return await self._until(lambda: self._groups > 0, patience)

    async def take(self, patience: float) -> tuple[int, Job] | Literal["end", "wait"]:
        """The next job with its number, ``end``, or ``wait`` when none has come in so many seconds."""
        if not await self._until(lambda: self._end or self._is_open(), patience):
            return "wait"
        if self._end or self._job is None:
            return "end"
        await self._note(self._seen._replace(taken=True))
        return self._job

    async def report(self, number: int, step: int, metrics: dict[str, float]) -> bool:
        """Note a step; whether to stop: because that is asked for, or because the driver has been silent for so long
        that others may take over what it holds."""
        if number == self._number:
            await self._note(self._seen._replace(step=step, metrics=metrics))
        return self._stop or number != self._number or time.monotonic() - self._looked > SILENCE

    async def finish(self, number: int, result: Result) -> None:
        """Note how a job ended; what comes first counts."""
        if number == self._number and self._seen.result is None:
            await self._note(self._seen._replace(result=result))

    async def look(self, step: int, patience: float) -> Seen:
        """How the job is; waits so many seconds for its end, or for a step beyond ``step``."""
        self._looked = time.monotonic()
        await self._until(lambda: self._seen.result is not None or self._seen.step > step, patience)
        return self._seen

    async def stop(self) -> None:
        """Ask the running job to stop at its next step."""
        self._stop = True

    async def end(self) -> None:
        """Ask the lane to end."""
        self._end = True
        await self._note(self._seen)

    def _is_open(self) -> bool:
        return self._job is not None and not self._seen.taken and not self._stop and self._seen.result is None

    async def _note(self, seen: Seen) -> None:
        self._seen = seen
        async with self._changed:
            self._changed.notify_all()

    async def _until(self, condition: Callable[[], bool], patience: float) -> bool:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(condition), patience)
            except TimeoutError:
                return False
        return True


Handle = Any
"""A Ray actor handle of a ``Board``."""


def actor(kind: type) -> Any:
    """An actor that takes no core, on the driver's own node: what the driver talks to must not die with a worker's."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    return ray.remote(num_cpus=0, label_selector={"ray.io/node-id": node})(kind).remote()
