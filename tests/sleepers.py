"""A driver whose lanes sleep where others train: what it plans, schedules, takes over and refuses is real.

python -m tests.sleepers STUDY LOG [--cores N] [--step SECONDS] [--lease SECONDS] [--deaf]

Every step that is made is a line of LOG: process, phase, attempt, step.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from xfer import driver
from xfer.events import Events
from xfer.execution.jobs import Evaluate, Result, Site, Train
from xfer.execution.lane import OnStep
from xfer.io import leave
from xfer.phase.resources import Resources
from xfer.results import schema
from xfer.results.parts import to_parquet
from xfer.store import attempts, snapshots
from xfer.store.attempts import attempt_path
from xfer.store.store import Store
from xfer.study.resolve import Roots

TOLD: Mapping[str, Any] = {
    "curves": [], "seconds": 0.0, "tokens": 0, "examples_of": [], "engine": "", "hardware": "", "versions": {},
}  # fmt: skip
"""What workers say of a phase beside its selections."""


def trained(store: Store, job: Train) -> Result:
    """Leave a checkpoint for every rule of a phase, as if it had been trained to its end."""
    key, steps = job.phase.key, job.phase.steps
    path = f"{attempt_path(key, job.attempt)}/checkpoints/{steps}"
    store.put(f"{path}/model.safetensors", b"weights of " + key.encode())
    found: dict[str, object] = {"path": path, "step": steps, "value": None, "looks": []}
    return Result("done", values={**TOLD, "step": steps, "selections": {rule.key: found for rule in job.rules}})


def predicted(store: Store, job: Evaluate) -> Result:
    """Leave one right answer for every evaluation."""
    rows = [
        {
            "evaluation": evaluation.key, "task": evaluation.data.task, "language": evaluation.data.language,
            "split": evaluation.data.split, "example": 0, "cluster": 0, "gold": ["a"], "prediction": ["a"],
            "truncated": 0,
        }
        for evaluation in job.evaluations
    ]  # fmt: skip
    store.put(job.part, to_parquet(pa.Table.from_pylist(rows, schema=schema.PREDICTIONS)))
    return Result("done")


class Sleeper:
    """A lane that makes a step by sleeping, and snapshots of nothing."""

    error: BaseException | None = None

    def __init__(self, cluster: Sleepers, resources: Resources, on_end: Callable[[], None]) -> None:
        self.resources = resources
        self._cluster, self._on_end = cluster, on_end

    async def ready(self) -> bool:
        return True

    async def end(self) -> None:
        self._cluster.taken -= self.resources.ranks
        self._on_end()

    async def run(self, job: Train | Evaluate, on_step: OnStep, should_stop: Callable[[], bool]) -> Result:
        store = self._cluster.store
        if isinstance(job, Evaluate):
            return predicted(store, job)
        made = job.resume.step if job.resume else 0
        while made < job.phase.steps:
            await asyncio.sleep(self._cluster.step)
            if should_stop() and not self._cluster.deaf:
                self._snapshot(job, made)
                return Result("stopped", values={"step": made})
            made += 1
            self._cluster.log(f"{os.getpid()} {job.phase.key} {job.attempt} {made}\n")
            on_step(made, {"loss": 1.0})
            if made % job.resources.snapshot_every == 0:
                self._snapshot(job, made)
        return trained(store, job)

    def _snapshot(self, job: Train, step: int) -> None:
        store, path = self._cluster.store, attempt_path(job.phase.key, job.attempt)
        store.put(f"{path}/snapshots/{step}/state.safetensors", b"tensors")
        snapshots.seal(store, path, step, {"rules": [rule.key for rule in job.rules]})


class Sleepers:
    """So many cores, on each of which a lane of one rank can sleep."""

    def __init__(self, cores: int, step: float, deaf: bool, log: Path, site: Site, plan: object) -> None:
        """``deaf``: who is told to stop does not hear it."""
        self.store, self.cores, self.step, self.deaf, self.taken = site.store, cores, step, deaf, 0
        self._log = log.open("a")

    def log(self, line: str) -> None:
        self._log.write(line)
        self._log.flush()

    def start(self) -> None:
        """There is nothing to join."""

    def free(self) -> Mapping[str, float]:
        return {"CPU": self.cores - self.taken}

    def open(self, resources: Resources, on_end: Callable[[], None]) -> Sleeper:
        self.taken += resources.ranks
        return Sleeper(self, resources, on_end)

    def leave(self) -> None:
        """There is nothing to leave."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("study", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--step", type=float, default=0.005)
    parser.add_argument("--lease", type=float, default=attempts.LEASE)
    parser.add_argument("--deaf", action="store_true")
    given = parser.parse_args()
    attempts.LEASE = given.lease  # the same for every driver of the store
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    place = partial(Sleepers, given.cores, given.step, given.deaf, given.log)
    return 0 if driver.run(given.study, Roots.from_environment(), Events(sys.stdout), stop, place) else 1


if __name__ == "__main__":
    leave(main())
