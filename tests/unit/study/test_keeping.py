"""``keep``: which weights a study lets go, and when it has done with them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from tests.unit.store.attempting import another_attempt
from tests.unit.store.stocked import checkpoint, snap
from tests.unit.study.made import SCRATCH, from_scratch, lock, phases, planned, study
from xfer.store import records, studies
from xfer.store.store import Store
from xfer.study import state
from xfer.study.keeping import Keeper
from xfer.study.plan import Decisions, Plan
from xfer.study.schema import Keep

Weights = Literal["all", "intermediate", "none"]

FIELDS = {
    "models": f"[{SCRATCH}]", "seeds": "[11]", "arms": "[none, mnli]", "targets": "[udpos, tatoeba]",
    "tune": "{learning_rate: [1e-3, 1e-4], seeds: [1], arms: [none, mnli], scheduler: asha}",
}  # fmt: skip


def plan_of(folder: Path, decisions: Decisions | None = None, **fields: str | None) -> Plan:
    return planned(folder, lock([from_scratch("fresh")]), decisions, **{**FIELDS, **fields})


def decided(folder: Path) -> Plan:
    return plan_of(folder, {e.key: {"learning_rate": 1e-3} for e in plan_of(folder).experiments})


def commit(store: Store, plan: Plan) -> None:
    """Train all that a plan holds: a checkpoint for all of a phase's rules."""
    for key, held in plan.phases.items():
        attempt = another_attempt(store, key)
        path = checkpoint(store, attempt, 8)
        assert records.commit(store, attempt, {rule: {"path": path, "step": 8} for rule in held.rules}, {})
        attempt.end("committed")


class Told(Keeper):
    """A keeper that remembers what it has dropped."""

    def __init__(self, store: Store, plan: Plan, weights: Weights) -> None:
        self.gone: list[str] = []
        needs = state.needs(plan, "study.yaml")
        studies.declare(store, needs)
        super().__init__(store, plan, needs, Keep(weights=weights), lambda phase, size: self.gone.append(phase))

    def now(self, *keys: str) -> set[str]:
        """What goes when these are done."""
        self.gone.clear()
        self.done(*keys)
        return set(self.gone)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "runs"))


def test_a_study_says_what_it_keeps_and_its_keys_do_not_depend_on_it(tmp_path: Path) -> None:
    assert study(tmp_path).keep == Keep() == Keep(weights="all")
    assert study(tmp_path, keep="{weights: intermediate}").keep == Keep(weights="intermediate")
    one, two = planned(tmp_path), planned(tmp_path, keep="{weights: none}")
    assert (one.phases, one.evaluations, one.cells) == (two.phases, two.evaluations, two.cells)


@pytest.mark.parametrize(
    ("roles", "kept"),
    [
        ({"pretrain"}, {"all", "intermediate"}), ({"intermediate"}, {"all", "intermediate"}),
        ({"target"}, {"all"}), ({"trial"}, {"all"}), ({"target", "intermediate"}, {"all", "intermediate"}),
    ],
)  # fmt: skip
def test_what_stays_depends_on_what_a_phase_is_for(roles: set[str], kept: set[str]) -> None:
    choices: tuple[Weights, ...] = ("all", "intermediate", "none")
    assert {weights for weights in choices if Keep(weights=weights).stays(roles)} == kept


def test_a_checkpoint_goes_once_its_children_are_trained_and_its_evaluations_held(tmp_path: Path, store: Store) -> None:
    plan = decided(tmp_path)
    (pretrain,) = (phase.key for phase in phases(plan, "pretrain", "world_text"))
    cells = {(cell.arm, cell.target): cell for cell in plan.cells}
    commit(store, plan)
    keeper = Told(store, plan, "none")
    parent, child = cells["mnli", "udpos"].phases[1:]
    assert keeper.now(pretrain, cells["none", "udpos"].phases[1]) == set()
    assert keeper.now(*cells["none", "udpos"].evaluations) == {cells["none", "udpos"].phases[1]}
    assert keeper.now(*cells["none", "tatoeba"].evaluations) == set()
    assert keeper.now(parent) == {pretrain}, "its last child"
    assert keeper.now(child) == set()
    assert keeper.now(*cells["mnli", "tatoeba"].evaluations) == {parent}
    assert keeper.now(*cells["mnli", "udpos"].evaluations, parent, child) == {child}
    assert keeper.now(*plan.phases, *plan.evaluations) == set()


@pytest.mark.parametrize("weights", ["intermediate", "none"])
def test_of_a_chain_every_phase_waits_for_the_next_one(tmp_path: Path, store: Store, weights: Weights) -> None:
    arms = "[none, {name: chain, then: [snli, mnli]}]"
    plan = plan_of(tmp_path, arms=arms, targets="[udpos]", tune=None)
    (cell,) = (cell for cell in plan.cells if cell.arm == "chain")
    pretrain, first, second, target = cell.phases
    commit(store, plan)
    keeper = Told(store, plan, weights)
    stays = weights == "intermediate"
    assert keeper.now(pretrain, first) == set()
    assert keeper.now(second) == (set() if stays else {first})
    assert keeper.now(target) == (set() if stays else {second})
    assert keeper.now(*cell.evaluations) == {target}


def test_a_study_at_its_end_says_what_it_still_wants(tmp_path: Path, store: Store) -> None:
    plan = decided(tmp_path)
    commit(store, plan)
    grid = state.needs(plan, "study.yaml").phases
    targets = {key for key in grid if plan.phases[key].roles == {"target"}}
    keeper = Told(store, plan, "intermediate")
    assert studies.weights_wanted(store, next(iter(targets)), but="") == {"last"}, "all, as long as it runs"
    keeper.done(*grid, *plan.evaluations)
    keeper.end()
    entry = studies.of(store, "small")
    assert entry is not None and set(entry.weights or {}) == set(grid) - targets
    assert state.needs(plan, "study.yaml") == entry.model_copy(update={"weights": None})


def test_trials_go_when_they_are_judged_or_when_nobody_waits_for_them_any_more(tmp_path: Path, store: Store) -> None:
    before, after = plan_of(tmp_path), decided(tmp_path)
    commit(store, before)
    keeper = Told(store, before, "intermediate")
    (experiment,) = before.experiments
    cell = experiment.trials[0].cells[1]
    assert keeper.now(*cell.phases) == set()
    assert keeper.now(cell.evaluation) == {cell.phases[-1]}
    trials = {key for trial in experiment.trials for c in trial.cells for key in c.phases} - set(
        state.needs(after, "study.yaml").phases
    )
    assert {role for key in trials for role in before.phases[key].roles} == {"trial", "intermediate"}
    keeper = Told(store, after, "intermediate")
    keeper.clear()
    assert set(keeper.gone) == trials - {cell.phases[-1]}


def test_of_a_trial_that_was_given_up_no_snapshots_stay(tmp_path: Path, store: Store) -> None:
    plan = decided(tmp_path)
    trial = plan.experiments[0].trials[0].cells[0].phases[-1]
    attempt = another_attempt(store, trial)
    path = snap(store, attempt, 2, plan.phases[trial].rules)
    attempt.end("paused")
    other = state.needs(plan_of(tmp_path), "two.yaml").model_copy(update={"study": "two"})
    studies.declare(store, other)
    Told(store, plan, "none").clear()
    assert store.names(path) != [], "another study has still to choose"
    studies.forget(store, "two")
    Told(store, plan, "all").clear()
    assert store.names(path) != []
    Told(store, plan, "none").clear()
    assert store.names(path) == []
