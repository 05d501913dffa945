"""Decisions: which values an experiment's trials speak for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xfer.search.trials import Question, Score, search
from xfer.store import experiments
from xfer.store.store import Store
from xfer.study.plan import Experiment, Values


def decide(store: Store, experiment: Experiment, answer: Callable[[Question], Score]) -> Values | None:
    """Search, choose and store the choice; None when every trial failed, and nothing is stored.

    Every answer is stored as it comes: a search that was interrupted hears them again, asks the same questions
    and gives up the same trials. Only failures are tried anew.
    """
    known = {Question(*place): score for place, score in experiments.answers(store, experiment.key)}

    def remembered(question: Question) -> Score:
        if question not in known:
            score = answer(question)
            if score is None:
                return None
            known[question] = experiments.remember(store, experiment.key, question, score)
        return known[question]

    told = _told(experiment, search(experiment, remembered))
    finished = [(trial["value"], -index) for index, trial in enumerate(told) if trial["value"] is not None]
    if not finished:
        return None
    decision = {
        "model": experiment.model,
        "target": experiment.target,
        "metric": experiment.metric,
        "values": experiment.trials[-max(finished)[1]].values,
        "trials": told,
    }
    stands: Values = experiments.decide(store, experiment.key, decision)["values"]
    return stands


def _told(experiment: Experiment, scores: Mapping[Question, Score]) -> list[dict[str, Any]]:
    """For each trial how it ended, its score at every rung, and in the end."""
    told = []
    for number, trial in enumerate(experiment.trials):
        mine = {question.units: score for question, score in scores.items() if question.trial == number}
        state = "failed" if None in mine.values() or not mine else "finished" if 0 in mine else "pruned"
        rungs = [score for units, score in sorted(mine.items()) if units and score is not None]
        told.append({"values": trial.values, "state": state, "rungs": rungs, "value": mine.get(0)})
    return told
