"""What a study needs of its store: its grid, and the trials of choices that are still to be made."""

from __future__ import annotations

from pathlib import Path

from tests.unit.study.made import SCRATCH, from_scratch, lock, planned
from xfer.store import experiments
from xfer.store.store import Store
from xfer.study import state
from xfer.study.plan import Decisions, Plan

FIELDS = {
    "targets": "[xnli, udpos, tatoeba]",
    "arms": "[none, snli]",
    "seeds": "[11]",
    "tune": "{learning_rate: [1e-3, 1e-4], seeds: [1], arms: [none, snli], scheduler: asha}",
}


def plan_of(folder: Path, decisions: Decisions | None = None, **fields: str) -> Plan:
    return planned(folder, None, decisions, **{**FIELDS, **fields})


def decided(found: Plan, *targets: str) -> Decisions:
    return {e.key: {"learning_rate": 1e-3} for e in found.experiments if e.target in targets}


def grid(found: Plan) -> set[str]:
    return {key for cell in found.cells for key in cell.phases}


def trials(found: Plan, target: str) -> set[str]:
    """What the trials of a target train, besides the arms' phases that they start from."""
    return {c.phases[-1] for e in found.experiments if e.target == target for t in e.trials for c in t.cells}


def test_before_a_choice_a_study_needs_its_grid_and_all_trials(tmp_path: Path) -> None:
    found = plan_of(tmp_path)
    needs = state.needs(found, "study.yaml")
    assert (needs.study, needs.file) == ("small", "study.yaml")
    assert set(needs.phases) == set(found.phases)
    assert {key for keys in needs.evaluations.values() for key in keys} == set(found.evaluations)
    assert needs.experiments == tuple(e.key for e in found.experiments)


def test_after_a_choice_a_study_does_not_need_the_trials_that_led_to_it(tmp_path: Path) -> None:
    before = plan_of(tmp_path)
    found = plan_of(tmp_path, decided(before, "xnli"))
    needs = state.needs(found, "study.yaml")
    assert trials(found, "udpos") <= set(needs.phases)
    assert trials(found, "xnli").isdisjoint(needs.phases)
    assert grid(found) <= set(needs.phases)
    judged = {c.evaluation for e in found.experiments if e.target == "xnli" for t in e.trials for c in t.cells}
    assert judged.isdisjoint(key for keys in needs.evaluations.values() for key in keys)
    assert needs.experiments == tuple(e.key for e in before.experiments), "the decision itself is kept"


def test_after_every_choice_the_grid_is_all_that_is_needed(tmp_path: Path) -> None:
    found = plan_of(tmp_path, decided(plan_of(tmp_path), "xnli", "udpos"))
    needs = state.needs(found, "study.yaml")
    assert set(needs.phases) == grid(found)
    asked = {key for cell in found.cells for key in cell.evaluations}
    assert {key for keys in needs.evaluations.values() for key in keys} == asked
    assert asked < set(found.evaluations), "the trials were judged by others"


def test_a_phase_is_needed_with_every_checkpoint_that_is_asked_of_it(tmp_path: Path) -> None:
    found = plan_of(tmp_path, select="{rule: best, every: 4}")
    needs = state.needs(found, "study.yaml")
    rules = {key: set(rules) for key, rules in needs.phases.items()}
    assert rules == {key: set(held.rules) for key, held in found.phases.items()}
    assert {len(rules[key]) for key in trials(found, "udpos")} == {2}, "the choice of a checkpoint, and the looks"


def test_evaluations_stand_with_the_group_that_they_are_stored_in(tmp_path: Path) -> None:
    found = plan_of(tmp_path)
    for group, keys in state.needs(found, "study.yaml").evaluations.items():
        assert {found.evaluations[key].group for key in keys} == {group}
        assert len(set(keys)) == len(keys)


def test_the_pretraining_of_a_model_is_needed(tmp_path: Path) -> None:
    made = lock([from_scratch("fresh")])
    found = planned(tmp_path, made, models=f"[{SCRATCH}]", targets="[tatoeba]", arms="[none]")
    (key,) = found.phases
    assert state.needs(found, "study.yaml").phases == {key: ("last",)}


def test_decisions_are_found_in_the_store_by_their_experiments_keys(tmp_path: Path) -> None:
    store, found = Store(str(tmp_path / "runs")), plan_of(tmp_path)
    assert state.decisions(store, found) == {}
    xnli, udpos = found.experiments
    experiments.decide(store, udpos.key, {"values": {"learning_rate": 1e-4}, "trials": []})
    experiments.decide(store, "of another study", {"values": {"learning_rate": 1.0}, "trials": []})
    known = state.decisions(store, found)
    assert known == {udpos.key: {"learning_rate": 1e-4}}
    assert plan_of(tmp_path, known).open_experiments() == (xnli,)
