"""Decisions: which values an experiment's trials speak for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xfer.fingerprint import canonical
from xfer.search.sampling import Listed, Sampled
from xfer.search.trials import Course, Question, Score, Source, Told, search
from xfer.store import experiments
from xfer.store.experiments import Answer, Ledger
from xfer.store.store import Store
from xfer.study.plan import Experiment, Values
from xfer.study.space import holds


def decide(
    store: Store, experiment: Experiment, answer: Callable[[Question], Score], at_once: int = 1
) -> Values | None:
    """Search, choose and store the choice; None when every trial failed, and nothing is stored.

    ``answer`` is called in up to ``at_once`` threads at a time; what it raises ends the search and is raised here.
    Every answer is stored as it comes: a search that was interrupted hears them again in the same order, asks the same
    questions and gives up the same trials. Only failures are tried anew.
    """
    sought = experiment.sought
    # How many run at once and what is known shape what a search asks; so it goes on as it began.
    how = experiments.begun(store, experiment.key) or experiments.begin(
        store, experiment.key, _how(store, experiment, at_once)
    )
    prior = experiments.prior(how)
    source: Source = Listed(experiment) if sought is None else Sampled(experiment, sought, prior)
    trials = max(0, experiment.number - len(prior))
    course = Course(experiment.key, trials, int(how["at_once"]), experiment.scheduler)
    found = search(course, source, Ledger(store, experiment.key, prior), answer, at_once)
    told = [{"values": one.values, "state": "finished", "rungs": [], "value": one.score} for one in prior]
    told += _told(found)
    best, arms = _best(told), sought.arms if sought is not None else ()
    if not best:
        return None
    decision = {
        "model": experiment.model,
        "target": experiment.target,
        "metric": experiment.metric,
        "values": dict(zip(arms, best, strict=False)) if arms else best[0],
        "trials": told,
    }
    stands: Values = experiments.decide(store, experiment.key, decision)["values"]
    return stands


def _how(store: Store, experiment: Experiment, at_once: int) -> dict[str, Any]:
    """How an experiment begins: with what others in the store have found out about trials that it may try."""
    how: dict[str, Any] = {"at_once": min(at_once, experiment.number)}
    if experiment.sought is None:
        return how
    known: dict[str, Answer] = {}
    for answer in experiments.ends(store):
        if holds(experiment.sought.space, answer.values) and experiment.name(answer.values) == answer.name:
            known.setdefault(answer.name, answer)
    return {**how, "prior": [answer._asdict() for answer in known.values()]}


def _best(told: Sequence[Mapping[str, Any]]) -> list[Values]:
    """Values of the trials that came to their ends, the best first; the first of several that are as good."""
    finished = [trial for trial in told if trial["value"] is not None]
    ranked = sorted(finished, key=lambda trial: -float(trial["value"]))  # keeps the order of those that are as good
    return list({canonical(trial["values"]): trial["values"] for trial in ranked}.values())


def _told(found: Told) -> list[dict[str, Any]]:
    """For each trial how it ended, its score at every rung, and in the end."""
    told = []
    for number, values in enumerate(found.values):
        mine = {question.units: score for question, score in found.scores.items() if question.trial == number}
        state = "failed" if None in mine.values() or not mine else "finished" if 0 in mine else "pruned"
        rungs = [score for units, score in sorted(mine.items()) if units and score is not None]
        told.append({"values": values, "state": state, "rungs": rungs, "value": mine.get(0)})
    return told
