"""Decisions: which values an experiment's trials speak for."""

from __future__ import annotations

from collections.abc import Sequence

from xfer.store import experiments
from xfer.store.store import Store
from xfer.study.plan import Experiment, Values


def decide(store: Store, experiment: Experiment, scores: Sequence[float | None]) -> Values | None:
    """Choose the trial with the best score (the first of equals) and store it; None when every trial failed."""
    finished = [(score, -index) for index, score in enumerate(scores) if score is not None]
    if not finished:
        return None
    chosen = experiment.trials[-max(finished)[1]]
    pairs = zip(experiment.trials, scores, strict=True)
    decision = {
        "model": experiment.model,
        "target": experiment.target,
        "metric": experiment.metric,
        "values": chosen.values,
        "trials": [{"values": trial.values, "value": score} for trial, score in pairs],
    }
    stands: Values = experiments.decide(store, experiment.key, decision)["values"]
    return stands
