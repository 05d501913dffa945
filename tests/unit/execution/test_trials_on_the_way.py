"""Trials that are not known beforehand come to the plan; a study that is extended trains only what is new."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.execution.walking import FIELDS, Lane, weights
from tests.unit.study.made import study, whole_lock
from xfer import driver
from xfer.events import Events
from xfer.execution.crew import Crew
from xfer.execution.ensure import Ensurer
from xfer.execution.jobs import Site
from xfer.execution.walk import Walk
from xfer.store import experiments, studies
from xfer.store.experiments import Answer, Ledger
from xfer.store.store import Store
from xfer.study import state
from xfer.study.opening import opened
from xfer.study.plan import Experiment, Trial, Values
from xfer.study.resolve import Roots
from xfer.study.schema import Study
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED

RATES = "{learning_rate: {low: 1e-5, high: 1e-2}, algorithm: optuna, trials: 3, seeds: [1]}"
EXPLORE = "{space: {arms: [none, snli], mix: {mnli: uniform, snli: uniform}}, trials: 3, confirm: 2, seeds: [1]}"
MIX: Values = {"arm": "mix", "mix.mnli": 0.5, "mix.snli": 0.5}


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(Store(str(tmp_path / "runs")))


class Driver:
    """Goes the way that a driver goes."""

    def __init__(self, made: Study, lane: Lane) -> None:
        lane.turn, stop, events = asyncio.Lock(), threading.Event(), Events(io.StringIO())
        site = Site(lane.store, Roots(), DataRoots(), SHIPPED, Path())
        self.run = driver._Run(made, whole_lock(), site, events, stop)
        self.crew = Crew(stop, lambda: None, lambda: None)
        self.plan, needs = self.run._planned()
        self.ensurer = Ensurer(site, self.plan.models, events, stop, lane)
        found = driver._announce(self.plan, needs, lane.store, events)
        self.walk = Walk(self.ensurer, self.crew, events, found, made.keep)
        self.walk.follow(self.plan, needs)

    def trial(self, experiment: Experiment, values: Values) -> Trial:
        return self.run._trial(self.walk, self.ensurer, experiment, values)


async def walked(made: Study, lane: Lane, tried: Sequence[Values], chosen: Values) -> int:
    """Trials, their choice, and the grid; the cells that are not done."""
    found = Driver(made, lane)
    for experiment in found.plan.open_experiments():
        ledger, told = Ledger(lane.store, experiment.key), []
        for values in tried:
            trial = found.trial(experiment, values)
            needed = studies.of(lane.store, "small")
            assert needed and {key for cell in trial.cells for key in cell.phases} <= needed.phases.keys()
            (score,) = {await found.walk.measure(cell, 0) for cell in trial.cells}
            assert score == 1.0
            ledger.add(Answer(values, 0, score, experiment.name(values)))
            told.append({"values": values, "state": "finished", "rungs": [], "value": score})
        experiments.decide(lane.store, experiment.key, {"values": chosen, "trials": told, "metric": ""})
    plan, needs = found.run._planned()
    assert not plan.open_experiments()
    found.walk.follow(plan, needs)
    await found.crew.finish()
    return await found.walk.end()


def run(folder: Path, lane: Lane, tried: Sequence[Values], chosen: Values, **fields: str) -> set[str]:
    """A study whose search tries these values and chooses those, and then its grid; what it has trained."""
    made = study(folder, **{**FIELDS, "targets": "[xnli]", "storage": lane.store.url, **fields})
    lane.trained.clear()
    assert asyncio.run(walked(made, lane, tried, chosen)) == 0
    assert len(lane.trained) == len(set(lane.trained)), "nothing is trained twice"
    return set(lane.trained)


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
    fields = {**FIELDS, "targets": "[xnli]", "explore": EXPLORE, "keep": f"{{weights: {keep}}}"}
    made = study(tmp_path, **{**fields, "storage": lane.store.url})

    async def try_two() -> None:
        found = Driver(made, lane)
        (experiment,) = found.plan.experiments
        one, other = (found.trial(experiment, values).cells[0] for values in (MIX, {"arm": "snli"}))
        assert await found.walk.measure(one, 0) == 1.0 and weights(lane.store).isdisjoint(one.phases)
        assert await found.walk._phases(other.phases[:1]), "its target begins with it"
        assert other.phases[0] in weights(lane.store)
        assert await found.walk.measure(other, 0) == 1.0 and weights(lane.store).isdisjoint(other.phases)
        await found.crew.finish()

    asyncio.run(try_two())


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
