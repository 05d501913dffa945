"""A search as a real Ray Tune experiment. Tune decides what is tried and given up; the driver's lane does it.

A trial is a function that puts a question on a desk (its number, and up to which rung it wants to be trained) and
waits for the score; the driver takes questions from the desk, trains what they need by ``ensure``, and puts the
scores back. So trials share phases with everything else, and hold no device while they wait.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from xfer.execution.board import actor
from xfer.study.plan import Experiment

POLL = 0.1
"""Seconds between two looks at the desk."""

WAITING = {"node:__internal_head__": 0.001}
"""What a trial asks of Ray: no core, for it only waits; but Ray Tune refuses to start what asks for nothing."""

WORST = -1.0
"""What Tune is told of a trial that failed: below every score."""


class Question(NamedTuple):
    """How good is this trial?"""

    trial: int
    units: int
    """Trained so far, in units of the scheduler's; 0: to its end."""


Score = float | None
"""None: it failed."""


class Desk:
    """An actor between Tune's trials and the driver."""

    def __init__(self) -> None:
        self._asked: list[Question] = []
        self._scores: dict[Question, Score] = {}

    def ask(self, question: Question) -> None:
        if question not in self._scores and question not in self._asked:
            self._asked.append(question)

    def asked(self) -> list[Question]:
        return self._asked

    def answer(self, question: Question, score: Score) -> None:
        self._asked.remove(question)
        self._scores[question] = score

    def score(self, question: Question) -> tuple[bool, Score]:
        return question in self._scores, self._scores.get(question)


def search(experiment: Experiment, answer: Callable[[Question], Score]) -> dict[Question, Score]:
    """What Tune asked about the experiment's trials, with the scores, in the order in which it asked.

    ``answer`` is called in this thread, one question at a time. The same answers lead to the same questions.
    """
    import ray

    desk = actor(Desk)
    scores: dict[Question, Score] = {}
    ended: list[BaseException | None] = []
    thread = threading.Thread(target=_fit, args=(experiment, desk, ended), name="tune", daemon=True)
    thread.start()
    while thread.is_alive():
        for question in ray.get(desk.asked.remote()):
            scores[question] = answer(question)
            ray.get(desk.answer.remote(question, scores[question]))
        time.sleep(POLL)
    thread.join()
    if ended[0] is not None:
        raise ended[0]
    return scores


def _fit(experiment: Experiment, desk: Any, ended: list[BaseException | None]) -> None:
    from ray import tune
    from ray.tune.schedulers import AsyncHyperBandScheduler

    asha = experiment.scheduler
    scheduler = None
    if asha is not None:
        scheduler = AsyncHyperBandScheduler("units", max_t=asha.units, grace_period=1, reduction_factor=asha.factor)
    try:
        with tempfile.TemporaryDirectory(prefix="xfer-tune-") as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = [json.dumps(trial.values, sort_keys=True) for trial in experiment.trials]
            trial = tune.with_parameters(_trial, desk=desk, values=values, rungs=asha.rungs if asha else ())
            found = tune.Tuner(
                tune.with_resources(trial, WAITING),
                param_space={"values": tune.grid_search(values)},
                # One at a time: so the order, and with it what is given up, is the same every time.
                tune_config=tune.TuneConfig(metric="score", mode="max", max_concurrent_trials=1, scheduler=scheduler),
                run_config=tune.RunConfig(name=experiment.key, storage_path=folder, verbose=0),
            ).fit()
        if found.errors:  # a trial whose process died has not been given up by anybody
            raise found.errors[0]
    except BaseException as error:  # told to who waits
        ended.append(error)
    else:
        ended.append(None)


def _trial(config: dict[str, str], desk: Any, values: list[str], rungs: tuple[int, ...]) -> None:
    import ray
    from ray import tune

    number = values.index(config["values"])
    for units in (*rungs, 0):
        question, known = Question(number, units), False
        ray.get(desk.ask.remote(question))
        while not known:
            time.sleep(POLL)
            known, score = ray.get(desk.score.remote(question))
        # Where the scheduler gives the trial up, this does not return.
        tune.report({"score": WORST if score is None else score, "units": units})
        if score is None:
            return
