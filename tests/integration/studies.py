"""Run the small study as a user would, and disturb it."""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

import xfer
from tests.world import STUDY, World
from xfer.events import Event, parse

EVERY = 10
"""Steps between snapshots of a disturbed study."""


GENERATED = """\
study: nano
storage: {storage}
world: {{seed: 3, rows: {{text: 600, nli: 320, tagging: 192, paraphrase: 192, validation: 60, test: 60}}}}
seeds: [1, 2]
models: [{{id: nano, scratch: {{size: nano, text: world_text, vocabulary: 200, seed: 5}}}}]
arms:
  - none
  - {{name: shuffled, task: world_nli, labels: shuffled}}
  - {{name: mix, mix: [world_nli, world_tagging], sample: {{weights: {{world_nli: 3, world_tagging: 1}}}}}}
targets:
  - {{name: few, task: world_paraphrase, examples: 48}}
  - world_tagging
  - world_retrieval
recipe:
  default: {{steps: 20, batch_size: 16, micro_batch_size: 8, learning_rate: 1e-3, max_length: 32, precision: fp32}}
  override:
    - {{where: {{role: pretrain}}, steps: {steps}}}
    - {{where: {{task: few}}, steps: 200, patience: 1}}
tune: {{learning_rate: [1e-5, 3e-3], per: [model, target], targets: [world_tagging], arms: [none], seeds: [9]}}
select: {{every: {every}}}
resources: {{default: {{ranks: 2, zero_stage: 1, snapshot_every: {every}}}}}
"""
"""A study in a generated world, with a model from scratch: it needs no data."""

SELDOM = GENERATED.replace("snapshot_every: {every}", "snapshot_every: 1000")
"""The same with no snapshot but those that are left when it is stopped."""


def write(folder: Path, steps: int = 40, extra: str = "", text: str = STUDY) -> Path:
    """A study in ``folder`` that stores beside itself."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.yaml"
    path.write_text(text.format(storage=folder / "runs", steps=steps, more=steps + 15, every=EVERY) + extra)
    return path


def environment(world: World) -> dict[str, str]:
    return {**os.environ, **world.environment(), "PYTHONWARNINGS": "ignore"}


def xfer_cli(world: World, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """The console script, as a user calls it."""
    command = [str(Path(sys.executable).with_name("xfer")), *words]
    return subprocess.run(command, env=environment(world), capture_output=True, text=True, timeout=timeout, check=False)


def start(world: World, study: Path) -> subprocess.Popen[str]:
    """The job itself, whose events can be read line by line."""
    command = [sys.executable, "-P", "-u", "-m", "jobs.run_study", str(study)]
    return subprocess.Popen(
        command, env=environment(world), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip


def events(job: subprocess.Popen[str]) -> Iterator[Event]:
    """What a job tells, as it comes."""
    assert job.stdout is not None
    return (event for event in map(parse, job.stdout) if event is not None)


def disturb(world: World, study: Path, rng: random.Random, strike: Callable[[psutil.Process], None]) -> int:
    """Run a study, strike at a random moment of its first phase or second, and wait for the end; its exit code."""
    with start(world, study) as job:
        tree = psutil.Process(job.pid)
        wanted, descendants = rng.randrange(1, 3), list[psutil.Process]()
        for event in events(job):
            wanted -= event["event"] == "phase"
            if wanted <= 0 and event["event"] == "step" and not descendants:
                time.sleep(rng.uniform(0, 0.1))
                descendants = tree.children(recursive=True)
                strike(tree)
        assert descendants, "the study ended before its turn came"
        code = job.wait()
    require_gone(descendants)
    return code


def require_gone(descendants: list[psutil.Process]) -> None:
    """No worker may outlive the job that it belongs to."""
    _, left = psutil.wait_procs(descendants, timeout=30)
    workers = [process for process in left if "RayTrainWorker" in process.name()]
    assert not workers, f"outlived the job: {workers}"


def interrupt(job: psutil.Process) -> None:
    job.send_signal(signal.SIGINT)


def terminate(job: psutil.Process) -> None:
    job.terminate()


def kill_a_worker(job: psutil.Process) -> None:
    workers = [p for p in job.children(recursive=True) if "RayTrainWorker" in " ".join(p.cmdline())]
    assert len(workers) == 2, [p.cmdline() for p in job.children(recursive=True)]
    workers[-1].send_signal(signal.SIGKILL)


def kill_the_driver(job: psutil.Process) -> None:
    job.kill()


def kill_everything(job: psutil.Process) -> None:
    for process in [job, *job.children(recursive=True)]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def tables(study: Path) -> dict[str, list[dict[str, Any]]]:
    """The tables that must not depend on what happened on the way, sorted."""
    views = xfer.open(str(study))
    return {name: rows(views.table(name)) for name in ("scores", "cells", "predictions", "curves")}


def rows(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=lambda row: json.dumps(row, sort_keys=True))


def differences(found: Any, expected: Any, place: str = "") -> list[str]:
    """Where two tables, or what is in them, differ by more than rounding: sums depend on where they are made."""
    if isinstance(expected, float) and isinstance(found, float):
        if math.isclose(found, expected, rel_tol=1e-4, abs_tol=1e-5):
            return []
        return [f"{place}: {found}, not {expected}"]
    if isinstance(expected, dict) and isinstance(found, dict):
        names = sorted(found.keys() | expected.keys())
        return [d for name in names for d in differences(found.get(name), expected.get(name), f"{place}.{name}")]
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [d for i, (one, other) in pairs for d in differences(one, other, f"{place}[{i}]")]
    return [] if found == expected else [f"{place}: {found}, not {expected}"]


def repeated_steps(study: Path) -> list[tuple[str, int]]:
    """For each attempt after a phase's first: how the one before ended, and the steps it is known to have done that
    were done again."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in xfer.open(str(study)).attempts().to_pylist():
        found.setdefault(row["phase"], []).append(row)
    return [
        (before["outcome"], (before["last_step"] or 0) - after["first_step"])
        for attempts in found.values()
        for before, after in itertools.pairwise(attempts)
    ]
