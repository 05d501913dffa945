"""Decisions: which values an experiment's trials speak for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xfer.search.trials import Course, Question, Score, Told, search
from xfer.store import experiments
from xfer.store.experiments import Ledger
from xfer.store.store import Store
from xfer.study.plan import Experiment, Values


def decide(
    store: Store, experiment: Experiment, answer: Callable[[Question], Score], at_once: int = 1
) -> Values | None:
    """Search, choose and store the choice; None when every trial failed, and nothing is stored.

    ``answer`` is called in up to ``at_once`` threads at a time; what it raises ends the search and is raised here.
    Every answer is stored as it comes: a search that was interrupted hears them again in the same order, asks the same
    questions and gives up the same trials. Only failures are tried anew.
    """
    # How many run at once shapes what a search asks; so it goes on as it began, with however many lanes.
    how = experiments.begin(store, experiment.key, {"at_once": min(at_once, len(experiment.trials))})
    course = Course(experiment.key, len(experiment.trials), int(how["at_once"]), experiment.scheduler)
    found = search(course, Listed(experiment), Ledger(store, experiment.key), answer, at_once)
    told = _told(found)
    finished = [(trial["value"], -index) for index, trial in enumerate(told) if trial["value"] is not None]
    if not finished:
        return None
    decision = {
        "model": experiment.model,
        "target": experiment.target,
        "metric": experiment.metric,
        "values": told[-max(finished)[1]]["values"],
        "trials": told,
    }
    stands: Values = experiments.decide(store, experiment.key, decision)["values"]
    return stands


class Listed:
    """Trials that are known beforehand, one after the other."""

    def __init__(self, experiment: Experiment) -> None:
        self._trials = experiment.trials

    def next(self, trial: int) -> Values:
        return self._trials[trial].values

    def ended(self, trial: int, score: Score, units: int) -> None:
        """Nothing to learn from it."""


def _told(found: Told) -> list[dict[str, Any]]:
    """For each trial how it ended, its score at every rung, and in the end."""
    told = []
    for number, values in enumerate(found.values):
        mine = {question.units: score for question, score in found.scores.items() if question.trial == number}
        state = "failed" if None in mine.values() or not mine else "finished" if 0 in mine else "pruned"
        rungs = [score for units, score in sorted(mine.items()) if units and score is not None]
        told.append({"values": values, "state": state, "rungs": rungs, "value": mine.get(0)})
    return told
