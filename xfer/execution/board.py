"""The board between a driver and a lane: an actor outside the worker group, so that it outlives the workers."""

from __future__ import annotations

from typing import Any

from xfer.execution.jobs import Evaluate, Result, Train

Job = Train | Evaluate


class Board:
    """One job at a time. A new worker group that joins finds its predecessor's job lost."""

    def __init__(self) -> None:
        self._job: tuple[int, Job] | None = None
        self._taken = False
        self._number = 0
        self._progress: tuple[int, dict[str, float]] = (0, {})
        self._result: Result | None = None
        self._stop = self._end = False

    def submit(self, job: Job) -> int:
        """Put a job on the board; its number."""
        self._number += 1
        self._job, self._taken, self._result = (self._number, job), False, None
        self._progress, self._stop = (0, {}), False
        return self._number

    def join(self) -> None:
        """A worker group has started."""
        if self._job is not None and self._taken and self._result is None:
            self._result = Result("lost", "the workers died and were started again")

    def take(self) -> tuple[int, Job] | str:
        """The next job with its number, ``end``, or ``wait``."""
        if self._end:
            return "end"
        if self._job is None or self._taken or self._stop or self._result is not None:
            return "wait"
        self._taken = True
        return self._job

    def report(self, number: int, step: int, metrics: dict[str, float]) -> bool:
        """Note a step; whether to stop."""
        if number == self._number:
            self._progress = (step, metrics)
        return self._stop or number != self._number

    def finish(self, number: int, result: Result) -> None:
        """Note how a job ended; what comes first counts."""
        if number == self._number and self._result is None:
            self._result = result

    def poll(self) -> tuple[tuple[int, dict[str, float]], Result | None, bool]:
        """Progress, result, and whether the job has been taken."""
        return self._progress, self._result, self._taken

    def stop(self) -> None:
        """Ask the running job to stop at its next step."""
        self._stop = True

    def end(self) -> None:
        """Ask the lane to end."""
        self._end = True


Handle = Any
"""A Ray actor handle of a ``Board``."""


def actor(kind: type) -> Any:
    """An actor that takes no core, on the driver's own node: what the driver talks to must not die with a worker's."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    return ray.remote(num_cpus=0, label_selector={"ray.io/node-id": node})(kind).remote()
