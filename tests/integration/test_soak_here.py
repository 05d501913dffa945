"""A study on this machine is struck thirty times at random moments; its predictions are those of an undisturbed run.

`XFER_SOAK_SEED` repeats a run's strikes; the seed of this one is told.
"""

# ruff: noqa: T201 - a table of what happened is half of what this is for

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.integration import studies
from tests.integration.studies import GENERATED
from tests.world import World
from xfer.events import Event

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3 * 3600)]

STRIKES = 30

PAUSE = 12.0
"""Seconds between two strikes, at most: a group of workers needs about as long to come back."""


def a_worker(job: psutil.Process, rng: random.Random) -> None:
    _kill(rng.choice(_named(job, "RayTrainWorker")))


def a_lane(job: psutil.Process, rng: random.Random) -> None:
    """The actor that keeps the workers together."""
    _kill(rng.choice(_named(job, "TrainController")))


def the_driver(job: psutil.Process, rng: random.Random) -> None:
    studies.kill_the_driver(job)


def all_of_ray(job: psutil.Process, rng: random.Random) -> None:
    """Everything but the driver."""
    for process in job.children(recursive=True):
        _kill(process)


KINDS: tuple[Callable[[psutil.Process, random.Random], None], ...] = (a_worker, a_lane, the_driver, all_of_ray)


def test_thirty_strikes(small_world: World, tmp_path: Path) -> None:
    seed = int(os.environ.get("XFER_SOAK_SEED") or random.SystemRandom().randrange(10**6))
    print(f"\nXFER_SOAK_SEED={seed}", flush=True)
    rng = random.Random(seed)
    calm = _study(tmp_path / "calm")
    assert studies.xfer_cli(small_world, "run", str(calm), timeout=900).returncode == 0
    expected = studies.tables(calm)
    struck, rounds = 0, 0
    while struck < STRIKES:
        rounds += 1
        study = _study(tmp_path / f"struck-{rounds}")
        while (left := _run(small_world, study, rng, STRIKES - struck)) is not None:
            struck += left
        assert studies.differences(studies.tables(study), expected) == []
        repeated = studies.repeated_steps(study)
        assert all(steps <= studies.EVERY for _, steps in repeated), repeated
        print(f"round {rounds}: {struck} strikes so far, {len(repeated)} attempts were taken up again", flush=True)


def _study(folder: Path) -> Path:
    return studies.write(folder, steps=200, text=GENERATED.replace("seeds: [1, 2]", "seeds: [1, 2, 3]"))


def _run(world: World, study: Path, rng: random.Random, most: int) -> int | None:
    """Run a study and strike at it, until it ends; the strikes, or None when it came to its end without any."""
    struck, due, said = 0, 0.0, ""
    with studies.start(world, study) as job:
        tree, started = psutil.Process(job.pid), list[psutil.Process]()
        for event in studies.events(job):
            said = event.get("detail") or said
            if event["event"] == "step" and not due:
                due = time.monotonic() + rng.uniform(0, PAUSE)
            if due and struck < most and time.monotonic() > due and _is_busy(event):
                kind = rng.choice(KINDS)
                started = tree.children(recursive=True)
                print(f"{kind.__name__} at {event.get('phase')} {event.get('step', '')}", flush=True)
                kind(tree, rng)
                struck, due = struck + 1, 0.0
    studies.require_gone(started)
    assert job.returncode == 0 or struck, f"it ended by itself with code {job.returncode}: {said}"
    return struck or None


def _is_busy(event: Event) -> bool:
    return event["event"] in ("phase", "step", "trained", "scored")


def _named(job: psutil.Process, name: str) -> list[psutil.Process]:
    return [process for process in job.children(recursive=True) if name in " ".join(process.cmdline())]


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
