"""What runs in every rank of a lane: job after job in one process group. Ray calls ``work``."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xfer.errors import PhaseFailed, XferError
from xfer.execution.board import Handle, Job
from xfer.execution.jobs import Evaluate, Result, Site, Train
from xfer.models.spec import ModelSpec
from xfer.study.schema import ModelRef

IDLE_BEAT = 10.0
"""Seconds after which an idle rank 0 wakes the others, so that no collective times out."""


def work(config: dict[str, Any]) -> None:
    """Take jobs from the board until it says ``end``. An error that may be this rank's alone ends the group."""
    import ray
    import torch
    import torch.distributed as distributed

    board, site, threads = config["board"], config["site"], config["threads"]
    torch.set_num_threads(threads)
    rank = distributed.get_rank()
    if rank == 0:
        ray.get(board.join.remote())
    while True:
        found: list[Any] = [_next(board) if rank == 0 else None]
        distributed.broadcast_object_list(found, 0)
        if found[0] == "end":
            return
        if found[0] == "wait":
            continue
        number, job = found[0]
        result = None
        try:
            result = _do(job, site, board, number)
        except PhaseFailed as error:  # the same on every rank, so the group can go on
            result = Result("failed", error.what, traceback.format_exc())
        except Exception as error:
            if not _neighbour_died(error):
                ray.get(board.finish.remote(number, _failure(error, rank)))
            raise
        if rank == 0:
            ray.get(board.finish.remote(number, result))


def _failure(error: Exception, rank: int) -> Result:
    ours = isinstance(error, XferError)
    reason = str(error) if ours else f"{type(error).__name__} on rank {rank}: {error}"
    return Result("failed", reason, traceback.format_exc(), error=error if isinstance(error, XferError) else None)


def _neighbour_died(error: Exception) -> bool:
    """A collective that broke off because another rank is gone: the job is lost, not failed."""
    import torch.distributed as distributed

    words = str(error).lower()
    return isinstance(error, distributed.DistError) or any(word in words for word in ("gloo", "nccl", "connection"))


def _next(board: Handle) -> Any:
    import ray

    began = time.monotonic()
    while time.monotonic() - began < IDLE_BEAT:
        found = ray.get(board.take.remote())
        if found != "wait":
            return found
        time.sleep(0.05)
    return "wait"


def _do(job: Job, site: Site, board: Handle, number: int) -> Result | None:
    return _train(job, site, board, number) if isinstance(job, Train) else _evaluate(job, site)


def _train(job: Train, site: Site, board: Handle, number: int) -> Result | None:
    import ray

    from xfer.training.loop import curve_rows, train

    def on_step(step: int, metrics: Any) -> bool:
        return bool(ray.get(board.report.remote(number, step, dict(metrics))))

    folder = _model_folder(site, job.model)
    preparation = _preparation(site, job.model)
    with site.store.folder(job.start) if job.start else nullcontext(folder) as start:
        trained = train(
            job.phase, job.rules, preparation, start, job.model.pad,
            job.resources, site.store, job.attempt, job.resume, on_step,
        )  # fmt: skip
    progress = asdict(trained.progress)
    values = {
        **{name: progress[name] for name in ("step", "examples", "tokens", "seconds")},
        "curves": list(curve_rows(job.phase.key, trained.progress)),
        "selections": trained.selections,
        "engine": trained.engine,
        "hardware": _hardware(),
        "versions": _versions(),
    }
    return Result("done" if trained.finished else "stopped", values=values)


def _evaluate(job: Evaluate, site: Site) -> Result | None:
    from xfer.evaluation.predict import predict
    from xfer.models.load import load_trained
    from xfer.results.parts import to_parquet
    from xfer.training.engine import device

    with site.store.folder(job.subject) if job.subject else nullcontext(_model_folder(site, job.model)) as folder:
        model = load_trained(folder).to(device())
    table = predict(job.evaluations, _preparation(site, job.model), model, job.model.pad)
    if table is not None:
        site.store.put(job.part, to_parquet(table))
    return Result("done")


_folders: dict[str, Path] = {}
_preparations: dict[str, Any] = {}
"""Model folders and tokenised data stay with the process from job to job."""


def _model_folder(site: Site, model: ModelSpec) -> Path:
    if model.name not in _folders:
        ref = ModelRef(id=model.name, revision=model.revision)
        _folders[model.name] = site.roots.model_folder(ref, site.base, model.revision)[0]
    return _folders[model.name]


def _preparation(site: Site, model: ModelSpec) -> Any:
    from xfer.evaluation.prepared import Preparation

    if model.name not in _preparations:
        _preparations[model.name] = Preparation(site.data, _model_folder(site, model))
    return _preparations[model.name]


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


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "deepspeed", "transformers", "ray", "xfer")}
