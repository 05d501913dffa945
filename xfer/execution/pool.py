"""The pool: lanes of several shapes side by side, as many as work asks for and the cluster has room for.

Who asks with the most urgent work gets the next lane. A lane that nobody asks for ends, so that a cluster can scale
to zero; at once when another shape needs its room. A lane ends as well after many jobs, or when its memory has grown.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Protocol

from xfer.events import Events
from xfer.execution.board import Job
from xfer.execution.jobs import Result
from xfer.execution.lane import OnStep, Worker
from xfer.phase.resources import Resources
from xfer.study.budget import HOUR, Hours

IDLE = 60.0
"""Seconds after which a lane without work ends."""

JOBS = 500
"""Jobs after which a lane makes room for a new one."""

GROWTH = 1 << 30
"""Bytes that a worker may grow by, after its first job, before its lane makes room for a new one."""


AGAIN = 5.0
"""Seconds after which it is looked again whether there is room for who waits: nodes come without a word."""

STARTS = 3
"""Lanes in a row that may end before their workers have come."""


class Opened(Worker, Protocol):
    """A lane as its pool sees it."""

    resources: Resources
    error: BaseException | None
    """What has ended it, if it was not us."""

    async def ready(self) -> bool:
        """Wait until its workers are there; False when they have ended before."""
        ...

    async def end(self) -> None:
        """End it."""
        ...


class Cluster(Protocol):
    """Where lanes are opened."""

    def start(self) -> None:
        """Join it; what searches need even before there is work for a lane."""
        ...

    def free(self) -> Mapping[str, float]:
        """Cores (``CPU``) and accelerators (``GPU``) that nobody has taken."""
        ...

    def open(self, resources: Resources, on_end: Callable[[], None]) -> Opened:
        """A lane, whose workers begin to start; ``on_end`` is called when they have ended, for whatever reason."""
        ...

    def leave(self) -> None:
        """Leave it, when no lane is left."""
        ...


class Lender(Protocol):
    """Lends workers, the most urgent work first."""

    def lane(self, resources: Resources, urgency: float) -> AbstractAsyncContextManager[Worker]:
        """A lane of this shape, for the length of a block."""
        ...


@dataclass(order=True)
class _Waiter:
    rank: tuple[float, int]
    resources: Resources = field(compare=False)
    lane: asyncio.Future[_Held] = field(compare=False)


class _Held:
    """A lane and what the pool knows of it."""

    def __init__(self, number: int, lane: Opened) -> None:
        self.number, self.lane = number, lane
        self.is_busy = self.is_ending = False
        self.began: float | None = None
        """When its workers came: while there is no room for them it holds nothing."""
        self.free_since = 0.0
        self.jobs = 0
        self.memory: list[int] = []
        """Bytes of the first rank after the first job, and after the latest; empty where nobody can tell."""

    @property
    def is_ready(self) -> bool:
        return self.began is not None

    @property
    def hours(self) -> Hours:
        if self.began is None:
            return Hours()
        shape = self.lane.resources
        hours = shape.ranks * (time.monotonic() - self.began) / HOUR
        return Hours(hours * shape.per_rank.gpu, 0.0 if shape.per_rank.gpu else hours * shape.per_rank.cpu)

    def serves(self, resources: Resources) -> bool:
        return self.lane.resources.shape == resources.shape and not self.is_ending

    @property
    def is_free(self) -> bool:
        return self.is_ready and not self.is_busy and not self.is_ending

    @property
    def is_spent(self) -> bool:
        grown = self.memory[-1] - self.memory[0] if self.memory else 0
        return self.jobs >= JOBS or grown > GROWTH

    async def run(self, job: Job, on_step: OnStep, should_stop: Callable[[], bool]) -> Result:
        result = await self.lane.run(job, on_step, should_stop)
        self.jobs += 1
        if memory := result.values.get("memory"):
            self.memory = [*self.memory[:1], memory]
        return result


class Pool:
    """Opens lanes when work comes, and ends them when none is left."""

    def __init__(self, cluster: Cluster, events: Events) -> None:
        self._cluster, self._events = cluster, events
        self._held: list[_Held] = []
        self._waiting: list[_Waiter] = []
        self._numbers, self._turns = itertools.count(1), itertools.count()
        self._stillborn = 0
        """Lanes in a row whose workers have never come."""
        self._used = Hours()
        """By lanes that have ended."""
        self._errands = set[asyncio.Task[None]]()
        self._again: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def lane(self, resources: Resources, urgency: float) -> AsyncIterator[Worker]:
        """A lane of this shape, for the length of a block; waits for one without holding anything."""
        waiter = _Waiter((-urgency, next(self._turns)), resources, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._deal()
        try:
            held = await waiter.lane
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            raise
        try:
            yield held
        finally:
            held.is_busy = False
            if held.is_spent:
                self._end(held)
            self._rest(held)

    def dismiss(self, error: BaseException) -> None:
        """Whoever waits for a lane gets this error instead."""
        for waiter in self._waiting:
            waiter.lane.set_exception(error)
        self._waiting.clear()

    def used(self) -> Hours:
        """What its lanes have held by now."""
        return reduce(Hours.plus, (held.hours for held in self._held), self._used)

    async def close(self) -> None:
        """End all lanes, and leave the cluster."""
        for held in self._held:
            self._end(held)
        while self._errands:
            await asyncio.wait(self._errands)
        self._cluster.leave()

    def _deal(self) -> None:
        """Give free lanes to who waits for them, then see that there are as many as there should be."""
        try:
            self._lend()
            self._open()
        except Exception as error:  # as when Ray has died: nobody must wait for what will not come
            self.dismiss(error)
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(AGAIN, self._deal) if self._waiting else None

    def _lend(self) -> None:
        for waiter in sorted(self._waiting):
            held = next((held for held in self._held if held.is_free and held.serves(waiter.resources)), None)
            if held is not None:
                held.is_busy = True
                self._waiting.remove(waiter)
                waiter.lane.set_result(held)

    def _open(self) -> None:
        coming = [held for held in self._held if not held.is_ready and not held.is_ending]
        for waiter in sorted(self._waiting):
            on_its_way = next((held for held in coming if held.serves(waiter.resources)), None)
            if on_its_way is not None:
                coming.remove(on_its_way)
            elif not self._held or self._has_room(waiter.resources):
                self._begin(waiter.resources)
            else:
                self._make_room()

    def _has_room(self, resources: Resources) -> bool:
        """Whether the cluster has room for one more lane of this shape, beside those that are on their way."""
        free = dict(self._cluster.free())
        asking = [held.lane.resources for held in self._held if not held.is_ready]
        needs = {"CPU": resources.ranks * resources.per_rank.cpu, "GPU": resources.ranks * resources.per_rank.gpu}
        for shape in asking:
            free["CPU"] = free.get("CPU", 0) - shape.ranks * shape.per_rank.cpu
            free["GPU"] = free.get("GPU", 0) - shape.ranks * shape.per_rank.gpu
        return all(free.get(kind, 0) >= number for kind, number in needs.items())

    def _make_room(self) -> None:
        """End lanes that nobody waits for."""
        for held in self._held:
            if held.is_free and not any(held.serves(waiter.resources) for waiter in self._waiting):
                self._end(held)

    def _begin(self, resources: Resources) -> None:
        self._cluster.start()
        number = next(self._numbers)
        self._events.emit("lane", lane=number, ranks=resources.ranks, gpus=resources.ranks * resources.per_rank.gpu)
        held = _Held(number, self._cluster.open(resources, lambda: self._ended(held)))
        self._held.append(held)
        self._errand(self._welcome(held))

    async def _welcome(self, held: _Held) -> None:
        if await held.lane.ready():
            held.began = time.monotonic()
            self._events.emit("lane_ready", lane=held.number, ranks=held.lane.resources.ranks)
        self._rest(held)

    def _rest(self, held: _Held) -> None:
        """A lane is free: there may be work for it, or it ends after a while."""
        held.free_since = time.monotonic()
        asyncio.get_running_loop().call_later(IDLE, self._retire, held)
        self._deal()

    def _retire(self, held: _Held) -> None:
        if held.is_free and time.monotonic() - held.free_since >= IDLE:
            self._end(held)

    def _ended(self, held: _Held) -> None:
        self._held.remove(held)
        self._used = self._used.plus(held.hours)
        self._events.emit("lane_end", lane=held.number)
        self._stillborn = 0 if held.is_ready or held.is_ending else self._stillborn + 1
        if self._stillborn == STARTS:
            self.dismiss(RuntimeError(f"the workers do not start: {held.lane.error or 'for no known reason'}"))
        self._deal()

    def _end(self, held: _Held) -> None:
        if not held.is_ending:
            held.is_ending = True
            self._errand(held.lane.end())

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._errands.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if (error := task.exception()) is not None:
            self.dismiss(error)
