"""A grid search as a real Ray Tune experiment. Tune decides what is tried; the driver's lane does it.

A trial is a function that puts its number on a desk and waits for the score; the driver takes numbers from the
desk, trains what they need by ``ensure``, and puts the scores back. So trials share phases with everything
else, and hold no device while they wait.
"""

from __future__ import annotations

import json
import math
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from xfer.study.plan import Experiment, Trial

POLL = 0.2
"""Seconds between two looks at the desk."""


class Desk:
    """An actor between Tune's trials and the driver."""

    def __init__(self) -> None:
        self._asked: list[int] = []
        self._scores: dict[int, float | None] = {}

    def ask(self, trial: int) -> None:
        if trial not in self._scores and trial not in self._asked:
            self._asked.append(trial)

    def asked(self) -> list[int]:
        return self._asked

    def answer(self, trial: int, score: float | None) -> None:
        self._asked.remove(trial)
        self._scores[trial] = score

    def score(self, trial: int) -> tuple[bool, float | None]:
        return trial in self._scores, self._scores.get(trial)


def run_grid(experiment: Experiment, try_out: Callable[[Trial], float | None]) -> list[float | None]:
    """Scores of the experiment's trials, in order; None for one that failed.

    ``try_out`` is called in this thread, one trial at a time, in the order in which Tune starts them.
    """
    import ray

    desk: Any = ray.remote(num_cpus=0)(Desk).remote()
    scores: list[float | None] = [None] * len(experiment.trials)
    ended: list[BaseException | None] = []
    thread = threading.Thread(target=_fit, args=(experiment, desk, ended), name="tune", daemon=True)
    thread.start()
    while thread.is_alive():
        for trial in ray.get(desk.asked.remote()):
            scores[trial] = try_out(experiment.trials[trial])
            ray.get(desk.answer.remote(trial, scores[trial]))
        time.sleep(POLL)
    thread.join()
    if ended[0] is not None:
        raise ended[0]
    return scores


def _fit(experiment: Experiment, desk: Any, ended: list[BaseException | None]) -> None:
    from ray import tune

    try:
        with tempfile.TemporaryDirectory(prefix="xfer-tune-") as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = [json.dumps(trial.values, sort_keys=True) for trial in experiment.trials]
            tune.Tuner(
                # Tune refuses 0 CPUs; a trial only waits.
                tune.with_resources(tune.with_parameters(_trial, desk=desk, values=values), {"CPU": 0.01}),
                param_space={"values": tune.grid_search(values)},
                tune_config=tune.TuneConfig(metric="score", mode="max", max_concurrent_trials=1),
                run_config=tune.RunConfig(name=experiment.key, storage_path=folder, verbose=0),
            ).fit()
    except BaseException as error:  # told to who waits
        ended.append(error)
    else:
        ended.append(None)


def _trial(config: dict[str, str], desk: Any, values: list[str]) -> None:
    import ray
    from ray import tune

    number = values.index(config["values"])
    ray.get(desk.ask.remote(number))
    while True:
        known, score = ray.get(desk.score.remote(number))
        if known:
            break
        time.sleep(POLL)
    # A trial that failed must not be the best; its own row says that it failed.
    tune.report({"score": -math.inf if score is None else score})
