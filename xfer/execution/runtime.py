"""Ray under the lanes: its settings, and joining or starting it."""

from __future__ import annotations

import logging
import os
import signal
import warnings
from collections.abc import Iterable
from typing import Any

from xfer.errors import Stopped, UserError
from xfer.phase.resources import Resources

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
        import ray.train.torch
        import ray.tune  # here and not in the threads that use them: their imports go in circles
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
