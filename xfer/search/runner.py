"""Ray Tune's part of a search."""

from __future__ import annotations

import os
import tempfile
import warnings
from typing import Any, Protocol

from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler
from ray.tune.search import Searcher

from xfer.search.trainable import Trial
from xfer.search.trials import Course, Score

WAITING = {"node:__internal_head__": 0.001}
"""What a trial asks of Ray: no core, for it only waits; but Ray Tune refuses to start what asks for nothing."""

QUIET = {"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1", "RAY_AIR_NEW_OUTPUT": "0"}
"""Tune's environment: no three files a trial that nobody reads, and nothing printed between events."""


class Progress(Protocol):
    """Who decides what is tried next, and hears what has become of it. Called in Tune's thread."""

    def begin(self) -> int | None:
        """The number of the next trial; None when there is to be no other."""
        ...

    def ended(self, trial: int, score: Score, units: int, died: bool) -> None:
        """A trial is over: its last score and where that was, None if it failed; or its process has ``died``."""
        ...


class _Searcher(Searcher):
    """Gives Tune the trials' numbers. What they stand for, and what is kept of them, is none of Tune's business."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(metric="score", mode="max")
        self._progress = progress
        self._numbers: dict[str, int] = {}

    def suggest(self, trial_id: str) -> Any:
        number = self._progress.begin()
        if number is None:
            return Searcher.FINISHED
        self._numbers[trial_id] = number
        return {"trial": number}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        last = result or {"score": None, "units": 0, "failed": True}
        score = None if last["failed"] else last["score"]
        self._progress.ended(self._numbers[trial_id], score, last["units"], error)

    def __getstate__(self) -> dict[str, Any]:
        """What Tune writes down and nobody reads: a search is replayed from its answers."""
        return {}

    def save(self, checkpoint_path: str) -> None:
        """Nothing, see above."""

    def restore(self, checkpoint_path: str) -> None:
        raise NotImplementedError


def fit(course: Course, progress: Progress, desk: Any) -> None:
    """Run a search's trials to their ends."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    scheduler, asha = None, course.scheduler
    if asha is not None:
        scheduler = AsyncHyperBandScheduler("units", max_t=asha.units, grace_period=1, reduction_factor=asha.factor)
    with tempfile.TemporaryDirectory(prefix="xfer-tune-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial = tune.with_parameters(Trial, desk=desk, rungs=asha.rungs if asha else ())
        found = tune.Tuner(
            tune.with_resources(trial, WAITING),
            tune_config=tune.TuneConfig(
                metric="score", mode="max", num_samples=course.trials, max_concurrent_trials=course.at_once,
                search_alg=_Searcher(progress), scheduler=scheduler, reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name=course.name, storage_path=folder, verbose=0,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()  # fmt: skip
    if found.errors:
        raise found.errors[0]
