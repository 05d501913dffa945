"""A lane: one Ray Train run whose workers stay up and do job after job.

A stock ``TorchTrainer.fit()`` costs many seconds around each phase; in a warm worker a new DeepSpeed engine
costs tenths of one. The queue (``Board``) is an actor of its own: when a worker dies, Ray Train starts the group
again, which finds the job lost, and the driver opens the next attempt at it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from xfer.errors import Stopped, UserError
from xfer.events import Events
from xfer.execution.board import Board, Job, actor
from xfer.execution.jobs import Result, Site
from xfer.phase.resources import Resources

RESTARTS = 20
"""Worker groups that a lane may lose before it gives up."""

POLL = 0.05
"""Seconds between two looks at the board."""

SETTINGS = {
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "600",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
    "RAY_TRAIN_ENABLE_V2": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "RAY_DEDUP_LOGS": "0",
    "RAY_TQDM": "0",
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
}
"""Ray's environment: quick notice of a dead worker, patience for a node that is being started, none for one that ends.
"""


def configure_ray() -> None:
    """Put Ray's settings into the environment, for this process and those it starts; what is set already stays."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def start_ray(shapes: Iterable[Resources]) -> None:
    """Join the Ray cluster at ``RAY_ADDRESS``, or start Ray on this machine with room for lanes of these shapes,
    unless this process has done so.

    Raises ``UserError`` when they ask for more accelerators than the machine has, and ``Stopped`` when this process is
    told to end meanwhile.
    """
    configure_ray()
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UserError("training needs Ray, DeepSpeed and torch", fix="pip install 'xfer[train]'") from error
    if ray.is_initialized():
        return
    address, shapes = os.environ.get("RAY_ADDRESS"), list(shapes)
    here: dict[str, Any] = {}
    if address is None:
        # CPUs are what lanes ask for; the machine may have fewer.
        cpus = max([os.cpu_count() or 1, *(shape.ranks * shape.per_rank.cpu for shape in shapes)])
        # Without the dashboard a stopped trial would leave its placement group behind.
        here = {"num_cpus": cpus, "include_dashboard": True}
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **here)
    except SystemExit as error:  # by Ray's own handlers (ray 2.60, worker.py:1674, node.py:644), which end the process
        raise Stopped("stopped while Ray was starting", fix="the same command goes on from here") from error
    finally:
        signal.signal(signal.SIGTERM, on_sigterm)
    wanted = max((shape.ranks * shape.per_rank.gpu for shape in shapes), default=0)
    there = int(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]
    if address is None and wanted > there:
        raise UserError(
            f"the study asks for {wanted} accelerators and this machine has {there}",
            "resources",
            "set ranks and per_rank.gpu to what is there",
        )


class Lanes:
    """Opens a lane when the first work comes, and another when the shape changes or the lane has died."""

    def __init__(self, site: Site, shapes: Iterable[Resources], events: Events) -> None:
        self._site, self._shapes, self._events = site, tuple(shapes), events
        self._lane: Lane | None = None

    def start(self) -> None:
        """Start Ray, which trials need even before there is work for a lane."""
        start_ray(self._shapes)

    def lane(self, resources: Resources) -> Lane:
        """A lane of this shape."""
        if self._lane is not None and not self._lane.fits(resources):
            self._end_lane()
        if self._lane is None:
            self._events.emit("lane", ranks=resources.ranks, zero_stage=resources.zero_stage)
            self.start()
            self._lane = Lane(self._site, resources)
        return self._lane

    def close(self) -> None:
        """End the workers, and Ray."""
        self._end_lane()
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()

    def _end_lane(self) -> None:
        if self._lane is not None:
            self._lane.close()
            self._lane = None


class Lane:
    """Workers of one shape. Starts at once in the background; ``run`` waits for them when it must."""

    def __init__(self, site: Site, resources: Resources) -> None:
        self._resources = resources
        self._board = actor(Board)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._fit, args=(site,), name="lane", daemon=True)
        self._thread.start()

    def fits(self, resources: Resources) -> bool:
        """Whether a job with these resources can run here, now."""
        return self._resources.shape == resources.shape and self._thread.is_alive()

    def run(
        self, job: Job, on_step: Callable[[int, dict[str, float]], None], should_stop: Callable[[], bool]
    ) -> Result:
        """Do a job and wait for its end."""
        import ray

        ray.get(self._board.submit.remote(job))
        last, told = 0, False
        while True:
            polled: tuple[tuple[int, dict[str, float]], Result | None, bool] = ray.get(self._board.poll.remote())
            (step, metrics), result, taken = polled
            if step > last:
                last = step
                on_step(step, metrics)
            if result is not None:
                return result
            if should_stop() and not told:
                told = True
                ray.get(self._board.stop.remote())
            if told and not taken:
                return Result("stopped")
            if not self._thread.is_alive():
                return Result("lost", f"the workers have ended: {self._error or 'for no known reason'}")
            time.sleep(POLL)

    def close(self) -> None:
        """End the workers."""
        import ray

        ray.get(self._board.end.remote())
        self._thread.join(timeout=30)

    def _fit(self, site: Site) -> None:
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer

        from xfer.execution.worker import work

        per_rank = self._resources.per_rank
        config = {"board": self._board, "site": site, "threads": per_rank.cpu}
        try:
            with tempfile.TemporaryDirectory(prefix="xfer-lane-") as folder:
                TorchTrainer(
                    work,
                    train_loop_config=config,
                    torch_config=TorchConfig(backend="nccl" if per_rank.gpu else "gloo"),
                    scaling_config=ScalingConfig(
                        num_workers=self._resources.ranks,
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
        except BaseException as error:  # whatever ends the thread is told to who waits
            self._error = error
