"""Intermediate tasks one after the other in a plan: a phase each, shared with every arm that begins the same way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.study.made import ROWS, lock, phases, planned, study, whole_lock
from tests.unit.study.test_golden_keys import GOLDEN, KEYS
from xfer.errors import LockError
from xfer.study import reading
from xfer.study.lock import Lock
from xfer.study.needs import needs
from xfer.study.plan import Cell, Plan, Planned
from xfer.study.planner import plan

CHAIN = "{name: chain, then: [snli, mnli]}"
ONE = {"seeds": "[1]", "targets": "[udpos]"}


def cell_of(found: Plan, arm: str) -> Cell:
    return next(cell for cell in found.cells if cell.arm == arm)


def stages(found: Plan, arm: str) -> list[Planned]:
    """Intermediate phases of an arm's first cell, first to last."""
    return [found.phases[key] for key in cell_of(found, arm).phases[:-1]]


def test_each_task_is_a_phase_that_starts_from_the_one_before(tmp_path: Path) -> None:
    found = planned(tmp_path, **ONE, arms=f"[none, {CHAIN}]")
    first, second = stages(found, "chain")
    assert [stage.phase.name for stage in (first, second)] == ["snli", "mnli"]
    assert first.roles == second.roles == {"intermediate"}
    assert not first.phase.start.phase
    assert (second.phase.start.phase, second.phase.start.rule.kind) == (first.phase.key, "last")
    (target,) = (p for p in phases(found, "target", "udpos") if p.start.phase)
    assert target.start.phase == second.phase.key
    assert first.phase.seed == second.phase.seed == target.seed == 1


def test_phases_are_shared_with_every_arm_that_begins_the_same_way(tmp_path: Path) -> None:
    others = "{name: longer, then: [snli, mnli, panx]}, {name: back, then: [mnli, snli]}"
    found = planned(tmp_path, **ONE, arms=f"[none, snli, {CHAIN}, {others}]")
    keys = {cell.arm: list(cell.phases[:-1]) for cell in found.cells}
    assert keys["chain"][:1] == keys["snli"]
    assert keys["longer"][:2] == keys["chain"]
    assert set(keys["back"]).isdisjoint(keys["longer"]), "another order is another model"
    assert len([p for p in found.phases.values() if "intermediate" in p.roles]) == 5
    assert [stage.cells for stage in stages(found, "longer")] == [3, 2, 1]


def test_a_chain_beside_other_arms_leaves_their_keys_as_they_have_always_been(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    text = (GOLDEN / "small.yaml").read_text()
    path.write_text(text.replace("  - snli\n", f"  - {CHAIN}\n  - snli\n"))
    assert path.read_text() != text
    found = plan(reading.read(path), Lock.model_validate_json((GOLDEN / "small.lock.json").read_bytes()), {})
    golden = json.loads(KEYS.read_text())["small"]
    first, second = stages(found, "chain")
    assert golden["phases"][first.phase.key].startswith("intermediate snli")
    new = {key for cell in found.cells if cell.arm == "chain" for key in cell.phases} - {first.phase.key}
    assert golden["phases"].keys() == found.phases.keys() - new and second.phase.key in new
    assert golden["evaluations"].keys() <= found.evaluations.keys()
    assert [*golden["experiments"]] == [experiment.key for experiment in found.experiments]


def test_each_phase_has_the_recipe_of_its_own_task(tmp_path: Path) -> None:
    recipe = (
        "{default: {steps: 8, batch_size: 16, max_length: 32}, override: ["
        "{where: {role: intermediate}, steps: 9}, {where: {role: intermediate, task: mnli}, epochs: 2}]}"
    )
    found = planned(tmp_path, **ONE, arms=f"[none, {CHAIN}]", recipe=recipe)
    assert [stage.phase.steps for stage in stages(found, "chain")] == [9, 2 * ROWS // 16]


@pytest.mark.parametrize(
    ("then", "relation"),
    [("[semtags, mnli]", "same-task"), ("[mnli, semtags]", "same-task"), ("[snli, semtags]", "near"),
     ("[semtags, panx]", "transfer")],
)  # fmt: skip
def test_the_closest_of_its_tasks_is_its_relation(tmp_path: Path, then: str, relation: str) -> None:
    found = planned(tmp_path, seeds="[1]", targets="[xnli]", arms=f"[none, {{name: chain, then: {then}}}]")
    assert cell_of(found, "chain").relation == relation


def test_a_lock_needs_the_data_of_all_its_tasks(tmp_path: Path) -> None:
    fields = {**ONE, "arms": f"[none, {CHAIN}]", "select": "{rule: best, on: validation/en, every: 4}"}
    asked = {f"{task}/{language}/{split}" for task, language, split, _ in needs(study(tmp_path, **fields))}
    assert asked >= {f"{task}/en/{split}" for task in ("snli", "mnli") for split in ("train", "validation")}
    found = planned(tmp_path, None, None, **fields)
    for stage in stages(found, "chain"):
        (rule,) = stage.rules.values()
        assert rule.selected_by == f"{stage.phase.name}/validation/en"
    with pytest.raises(LockError, match="snli/en/train is not in the lock"):
        planned(tmp_path, lock(tasks=["mnli", "udpos"]), None, **fields)


def test_a_chain_can_be_tuned_on(tmp_path: Path) -> None:
    tune = "{learning_rate: [1e-3, 1e-4], seeds: [2], arms: [chain]}"
    found = planned(tmp_path, **ONE, arms=f"[none, {CHAIN}]", tune=tune)
    (experiment,) = found.experiments
    for trial in experiment.trials:
        (cell,) = trial.cells
        assert [found.phases[key].phase.name for key in cell.phases] == ["snli", "mnli", "udpos"]
        assert [found.phases[key].roles for key in cell.phases] == [{"intermediate"}, {"intermediate"}, {"trial"}]


def test_an_exploration_tries_a_chain_as_a_chain(tmp_path: Path) -> None:
    space = "{arms: [none, chain], examples: {mnli: {low: 10, high: 90}}, recipe: {intermediate: {steps: [4, 6]}}}"
    made = study(tmp_path, **ONE, arms=f"[none, {CHAIN}]", explore=f"{{space: {space}, trials: 3, seeds: [2]}}")
    (experiment,) = plan(made, whole_lock(), {}).experiments
    values = {"arm": "chain", "examples.mnli": 64, "intermediate.steps": 6.0}
    added = experiment.trial(values)
    (cell,) = added.trial.cells
    first, second, _ = (added.phases[key].phase for key in cell.phases)
    assert [first.name, second.name] == ["snli", "mnli (64)"]
    assert second.start.phase == first.key and (first.steps, second.steps) == (6, 6)
    decided = plan(made, whole_lock(), {experiment.key: {"explored-1": values}})
    assert [stage.phase.name for stage in stages(decided, "explored-1")] == ["snli", "mnli (64)"]
    assert all(stage.phase.seed == 1 and stage.roles == {"intermediate"} for stage in stages(decided, "explored-1"))
