"""Trials that are not known beforehand come to the plan; a study that is extended trains only what is new."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from tests.unit.execution.walking import FIELDS, Lane, weights
from tests.unit.study.made import study, whole_lock
from xfer import driver
from xfer.events import Events
from xfer.execution.ensure import Ensurer
from xfer.execution.jobs import Site
from xfer.execution.lane import Lanes
from xfer.store import experiments, studies
from xfer.store.experiments import Answer, Ledger
from xfer.store.store import Store
from xfer.study import state
from xfer.study.opening import Opened, opened
from xfer.study.plan import Values
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED

RATES = "{learning_rate: {low: 1e-5, high: 1e-2}, algorithm: optuna, trials: 3, seeds: [1]}"
EXPLORE = "{space: {arms: [none, snli], mix: {mnli: uniform, snli: uniform}}, trials: 3, confirm: 2, seeds: [1]}"
MIX: Values = {"arm": "mix", "mix.mnli": 0.5, "mix.snli": 0.5}


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(Store(str(tmp_path / "runs")))


def walk(found: Opened, lane: Lane) -> driver._Walk:
    """Where a driver stands when it has made the plan."""
    needs = state.needs(found.plan, "study.yaml")
    studies.declare(lane.store, needs)
    lane.trained.clear()
    events, site = Events(io.StringIO()), Site(lane.store, Roots(), DataRoots(), SHIPPED, Path())
    complete = driver._announce(found.plan, needs, lane.store, events)
    ensurer = Ensurer(site, found.plan.models, events, lambda seconds: False, cast(Lanes, lane))
    walked = driver._Walk(ensurer, events, complete, found.study.keep)
    walked.follow(found.plan, needs)
    return walked


def run(folder: Path, lane: Lane, tried: Sequence[Values], chosen: Values, **fields: str) -> set[str]:
    """A study whose search tries these values and chooses those, and then its grid; what it has trained."""
    made = study(folder, **{**FIELDS, "targets": "[xnli]", **fields})
    found = opened(made, whole_lock(), lane.store)
    walked, trained = walk(found, lane), list[str]()
    for experiment in found.plan.open_experiments():
        ledger, told = Ledger(lane.store, experiment.key), []
        for values in tried:
            trial = walked.trial(experiment.key, values)
            needed = studies.of(lane.store, "small")
            assert needed and {key for cell in trial.cells for key in cell.phases} <= needed.phases.keys()
            (score,) = {walked.measure(cell, 0) for cell in trial.cells}
            assert score == 1.0
            ledger.add(Answer(values, 0, score, experiment.name(values)))
            told.append({"values": values, "state": "finished", "rungs": [], "value": score})
        experiments.decide(lane.store, experiment.key, {"values": chosen, "trials": told, "metric": ""})
    trained += lane.trained
    again = opened(made, whole_lock(), lane.store)
    assert not again.plan.open_experiments()
    walked = walk(again, lane)
    assert walked.grid() == 0
    trained += lane.trained
    assert len(trained) == len(set(trained)), "nothing is trained twice"
    return set(trained)


def rates(*values: float) -> list[Values]:
    return [{"learning_rate": value} for value in values]


def test_a_tuned_study_that_is_extended_trains_only_what_is_new(tmp_path: Path, lane: Lane) -> None:
    first = run(tmp_path, lane, rates(1e-3, 1e-4, 2e-5), *rates(1e-4), tune=RATES)
    assert len(first) == 3 + 3, "three trials; the arm snli, and its target and that of none"
    more = RATES.replace("trials: 3", "trials: 5")
    assert len(run(tmp_path, lane, rates(1e-3, 1e-4, 2e-5, 3e-5), *rates(1e-4), tune=more)) == 1, "one trial"
    assert len(run(tmp_path, lane, [], *rates(1e-4), tune=more, seeds="[11, 12]")) == 3, "the grid of a seed"
    assert len(run(tmp_path, lane, [], *rates(1e-4), tune=more, seeds="[11, 12]", arms="[none, snli, mnli]")) == 4
    assert run(tmp_path, lane, [], *rates(1e-4), tune=more, seeds="[11, 12]", arms="[none, snli, mnli]") == set()


def test_an_explored_study_that_is_extended_trains_only_what_is_new(tmp_path: Path, lane: Lane) -> None:
    trials: list[Values] = [{"arm": "none"}, {"arm": "snli"}, MIX]
    chosen = {"explored-1": MIX, "explored-2": {"arm": "snli"}}
    first = run(tmp_path, lane, trials, chosen, explore=EXPLORE)
    assert len(first) == (1 + 2 + 2) + (1 + 2) + 2, "trials; arms none and snli; explored-1, for explored-2 is snli"
    other: Values = {**MIX, "mix.mnli": 0.75, "mix.snli": 0.25}
    more = EXPLORE.replace("trials: 3", "trials: 4")
    new = run(tmp_path, lane, [*trials, other], {**chosen, "explored-2": other}, explore=more)
    assert len(new) == 2 + 2, "a trial, and the arm that it has become"
    assert len(run(tmp_path, lane, [], {}, explore=more, seeds="[11, 12]")) == 1 + 2 + 2 + 2


@pytest.mark.parametrize("keep", ["none", "intermediate"])
def test_weights_of_a_trial_go_when_it_is_done_though_others_have_come_since(
    tmp_path: Path, lane: Lane, keep: str
) -> None:
    made = study(tmp_path, **{**FIELDS, "targets": "[xnli]", "explore": EXPLORE, "keep": f"{{weights: {keep}}}"})
    found = opened(made, whole_lock(), lane.store)
    walked, (experiment,) = walk(found, lane), found.plan.experiments
    one, other = (walked.trial(experiment.key, values).cells[0] for values in (MIX, {"arm": "snli"}))
    assert walked.measure(one, 0) == 1.0 and weights(lane.store) == set()
    assert walked.phases(other.phases[:1]) and weights(lane.store) == {other.phases[0]}, "its target begins with it"
    assert walked.measure(other, 0) == 1.0 and weights(lane.store) == set()


def test_what_has_been_tried_is_needed_until_the_choice_is_made_and_known_after(tmp_path: Path, lane: Lane) -> None:
    made = study(tmp_path, **{**FIELDS, "targets": "[xnli]", "explore": EXPLORE})
    found = opened(made, whole_lock(), lane.store)
    (experiment,) = found.plan.experiments
    phases = experiment.trial(MIX).phases.keys()
    Ledger(lane.store, experiment.key).add(Answer(MIX, 0, 0.5, experiment.name(MIX)))
    half = opened(made, whole_lock(), lane.store)
    assert phases <= state.needs(half.plan, "study.yaml").phases.keys()
    decision = {"values": {"explored-1": {"arm": "none"}}, "trials": [{"values": MIX}], "metric": ""}
    experiments.decide(lane.store, experiment.key, decision)
    decided = opened(made, whole_lock(), lane.store)
    needs = state.needs(decided.plan, "study.yaml")
    assert phases <= {*needs.trials} and phases.isdisjoint(needs.phases)
