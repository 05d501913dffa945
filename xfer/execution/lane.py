"""A lane: one Ray Train run whose workers stay up and do job after job.

A stock ``TorchTrainer.fit()`` costs many seconds around each phase; in a warm worker a new DeepSpeed engine
costs tenths of one. The queue (``Board``) is an actor of its own: when a worker dies, Ray Train starts the group
again, which finds the job lost, and the driver opens the next attempt at it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Protocol

from xfer.execution.ahead import Ahead, wanted
from xfer.execution.board import Board, Job, Seen, actor
from xfer.execution.jobs import Result, Site
from xfer.execution.runtime import start_ray
from xfer.phase.resources import Resources
from xfer.study.plan import Plan

GROWS_TO = "XFER_GROWS_TO"
"""Variable that holds how many cores and accelerators a cluster has at most, ``8,2``, where it grows by itself."""

RESTARTS = 20
"""Worker groups that a lane may lose before it gives up."""

LOOK = 0.2
"""Seconds after which who waits for a job's end asks whether to stop it."""

FAREWELL = 30.0
"""Seconds that workers have to end when they are asked to."""

OnStep = Callable[[int, dict[str, float]], None]


class Worker(Protocol):
    """Who does jobs, one at a time."""

    async def run(self, job: Job, on_step: OnStep, should_stop: Callable[[], bool]) -> Result:
        """Do a job and wait for its end."""
        ...


class RayCluster:
    """Opens lanes on the Ray cluster that is there, or on this machine."""

    def __init__(self, site: Site, plan: Plan) -> None:
        self._site, self._plan = site, plan

    @cached_property
    def _ahead(self) -> Sequence[Ahead]:
        """Asked for by the first lane: a study that is done needs none."""
        return wanted(self._plan)

    def start(self) -> None:
        """Join or start Ray. Raises ``UserError`` when that cannot be."""
        start_ray(self._plan.shapes())

    def free(self) -> Mapping[str, float]:
        """Cores (``CPU``) and accelerators (``GPU``) that nobody has taken, or that come when they are asked for."""
        import ray

        found: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]
        if not (limits := os.environ.get(GROWS_TO)):
            return found
        there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        most = zip(("CPU", "GPU"), map(float, limits.split(",")), strict=True)
        return {kind: number - there.get(kind, 0.0) + found.get(kind, 0.0) for kind, number in most}

    def open(self, resources: Resources, on_end: Callable[[], None]) -> Lane:
        """A lane, whose workers begin to start."""
        return Lane(self._site, self._ahead, resources, on_end)

    def leave(self) -> None:
        """Shut Ray down in this process."""
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()


class Lane:
    """Workers of one shape. They start at once in the background."""

    def __init__(self, site: Site, ahead: Sequence[Ahead], resources: Resources, on_end: Callable[[], None]) -> None:
        """``on_end`` is called in the event loop when the workers have ended."""
        self.resources = resources
        self._board = actor(Board)
        self.error: BaseException | None = None
        """What has ended the workers, if it was not us."""
        self._is_ending = False
        loop = asyncio.get_running_loop()

        def fit() -> None:
            try:
                self._fit(site, ahead)
            except BaseException as error:  # whatever ends the thread is told to who waits
                self.error = error
            with suppress(RuntimeError):  # the loop has ended before
                loop.call_soon_threadsafe(on_end)

        self._thread = threading.Thread(target=fit, name="lane", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    async def ready(self) -> bool:
        """Wait until the workers are there; False when they have ended before, or are no longer wanted."""
        while self.is_alive and not self._is_ending:
            if await self._board.joined.remote(LOOK):
                return True
        return False

    async def run(self, job: Job, on_step: OnStep, should_stop: Callable[[], bool]) -> Result:
        """Do a job and wait for its end."""
        await self._board.submit.remote(job)
        last, told = 0, False
        while True:
            seen: Seen = await self._board.look.remote(last, LOOK)
            if seen.step > last:
                last = seen.step
                on_step(last, seen.metrics)
            if seen.result is not None:
                return seen.result
            if should_stop() and not told:
                told = True
                await self._board.stop.remote()
            if told and not seen.taken:
                return Result("stopped")
            if not self.is_alive:
                return Result("lost", f"the workers have ended: {self.error or 'for no known reason'}")

    async def end(self) -> None:
        """End the workers; those that have not come, as there is no room for them, end with Ray."""
        self._is_ending = True
        await self._board.end.remote()
        await asyncio.to_thread(self._thread.join, FAREWELL)

    def _fit(self, site: Site, ahead: Sequence[Ahead]) -> None:
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer

        from xfer.execution.worker import work

        per_rank = self.resources.per_rank
        config = {"board": self._board, "site": site, "ahead": ahead, "threads": per_rank.cpu}
        with tempfile.TemporaryDirectory(prefix="xfer-lane-") as folder:
            TorchTrainer(
                work,
                train_loop_config=config,
                torch_config=TorchConfig(backend="nccl" if per_rank.gpu else "gloo"),
                scaling_config=ScalingConfig(
                    num_workers=self.resources.ranks,
                    use_gpu=per_rank.gpu > 0,
                    resources_per_worker={
                        "CPU": per_rank.cpu,
                        **({"GPU": per_rank.gpu} if per_rank.gpu else {}),
                    },
                ),
                run_config=RunConfig(
                    name="lane", storage_path=folder, failure_config=FailureConfig(max_failures=RESTARTS)
                ),
            ).fit()
