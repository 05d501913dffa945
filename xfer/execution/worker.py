"""What runs in every rank of a lane: job after job in one process group. Ray calls ``work``."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from xfer.errors import PhaseFailed, XferError
from xfer.evaluation.prepared import Preparation
from xfer.execution import memory
from xfer.execution.ahead import Preparations, preparing
from xfer.execution.board import Handle
from xfer.execution.held import Held
from xfer.execution.jobs import Evaluate, Result, Site, Train

REPORT = 0.2
"""Seconds between two reports of a running phase: a call for every step would cost short ones a tenth of it,
and the driver looks no more often."""

IDLE_BEAT = 10.0
"""Seconds after which an idle rank 0 wakes the others, so that no collective times out."""


def work(config: dict[str, Any]) -> None:
    """Take jobs from the board until it says ``end``, and have data prepared for later ones meanwhile."""
    import ray.train
    import torch

    torch.set_num_threads(config["threads"])
    _warm_up()
    is_first_here = ray.train.get_context().get_local_rank() == 0
    with preparing(config["site"], config["ahead"] if is_first_here else ()):
        _work(config["board"], config["site"])


def _work(board: Handle, site: Site) -> None:
    """Job after job. An error that may be this rank's alone ends the group."""
    import ray
    import torch.distributed as distributed

    preparations = Preparations(site)
    rank = distributed.get_rank()
    if rank == 0:
        ray.get(board.join.remote())
    first, held = True, memory.share()
    while True:
        found: list[Any] = [ray.get(board.take.remote(IDLE_BEAT)) if rank == 0 else None]
        distributed.broadcast_object_list(found, 0)
        if found[0] == "end":
            return
        if found[0] == "wait":
            continue
        number, job = found[0]
        result = None
        try:
            preparation = preparations.of(job.model)
            if isinstance(job, Train):
                result = _train(job, site, preparation, board, number)
            else:
                result = _evaluate(job, site, preparation)
        except PhaseFailed as error:  # the same on every rank, so the group can go on
            result = Result("failed", error.what, traceback.format_exc())
        except Exception as error:
            ray.get(board.finish.remote(number, _broken_off(error, rank)))
            raise
        if rank == 0 and result is not None:
            ray.get(board.finish.remote(number, replace(result, values={**result.values, "memory": held})))
        memory.clear(freeze=first)
        first, held = False, memory.share()  # while nobody waits for it: reading it takes a while


def _warm_up() -> None:
    """Import what training needs."""
    import xfer.evaluation.predict
    import xfer.training.loop  # noqa: F401

    memory.keep_blocks()
    memory.clear(freeze=True)


def _broken_off(error: Exception, rank: int) -> Result:
    """What nobody raises on purpose may come from a rank that has died: worth another try, whatever its words."""
    if isinstance(error, XferError):
        return Result("failed", str(error), traceback.format_exc(), error=error)
    return Result("lost", f"{type(error).__name__} on rank {rank}: {error}", traceback.format_exc())


def _train(job: Train, site: Site, preparation: Preparation, board: Handle, number: int) -> Result | None:
    import ray

    from xfer.training.loop import train
    from xfer.training.progress import curve_rows

    _held.clear()
    told = 0.0

    def on_step(step: int, metrics: Any) -> bool:
        nonlocal told
        if time.monotonic() - told < REPORT and step < job.phase.steps:
            return False
        told = time.monotonic()
        return bool(ray.get(board.report.remote(number, step, dict(metrics))))

    with site.store.folder(job.start) if job.start else nullcontext(None) as start:
        trained = train(
            job.phase, job.rules, preparation, start,
            job.resources, site.store, job.attempt, job.resume, on_step, job.pause,
        )  # fmt: skip
    _held.keep(trained.kept, job.model.name)
    progress = asdict(trained.progress)
    values = {
        **{name: progress[name] for name in ("step", "examples_of", "tokens", "seconds")},
        "curves": list(curve_rows(job.phase.key, trained.progress)),
        "selections": trained.selections,
        "engine": trained.engine,
        "hardware": _hardware(),
        "versions": _versions(),
    }
    return Result("done" if trained.finished else "stopped", values=values)


def _evaluate(job: Evaluate, site: Site, preparation: Preparation) -> Result | None:
    from xfer.evaluation.predict import predict
    from xfer.results.parts import to_parquet

    table = predict(job.evaluations, preparation, _held.model(job.subject, preparation, site.store))
    if table is not None:
        site.store.put(job.part, to_parquet(table))
    return Result("done")


_held = Held()


@cache
def _hardware() -> str:
    import platform

    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0] if names else platform.processor() or platform.machine()} ({os.cpu_count()} cores)"


@cache
def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "deepspeed", "transformers", "ray", "xfer")}
