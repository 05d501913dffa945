"""Models from scratch in a plan: pretrained once by the study itself, whatever arms, targets and seeds there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import FIELDS, SCRATCH, all_keys, from_scratch, lock, planned
from xfer.errors import LockError, UserError
from xfer.models.spec import ModelSpec
from xfer.phase.phase import Phase
from xfer.phase.selection import Selection
from xfer.study.lock import Lock
from xfer.study.plan import Plan

BASE = FIELDS["recipe"].removesuffix("}}")


def plan_of(folder: Path, made: Lock | None = None, **fields: str) -> Plan:
    return planned(folder, made or lock([from_scratch("fresh")]), **{"models": f"[{SCRATCH}]", **fields})


def pretrained(found: Plan) -> list[Phase]:
    return [p.phase for p in found.phases.values() if "pretrain" in p.roles]


def test_all_arms_targets_and_seeds_share_one_pretraining(tmp_path: Path) -> None:
    found = plan_of(tmp_path)
    (phase,) = pretrained(found)
    assert [(data.task, data.language, data.split) for data in phase.trains_on] == [("world_text", "mul", "train")]
    assert phase.start == Selection(model=from_scratch("fresh").fingerprint)
    assert (phase.weights, phase.until) == ((1.0,), None)
    assert {cell.phases[0] for cell in found.cells} == {phase.key}
    assert found.phases[phase.key].cells == len(found.cells) > 10
    assert found.phases[phase.key].roles == {"pretrain"}


def test_every_phase_after_it_starts_from_what_it_leaves(tmp_path: Path) -> None:
    found = plan_of(tmp_path, arms="[none, snli]", targets="[udpos]", seeds="[1]")
    (pretraining,) = pretrained(found)
    none, snli = found.cells
    assert [found.phases[key].phase.start.phase for key in none.phases] == ["", pretraining.key]
    assert [found.phases[key].phase.start.phase for key in snli.phases] == ["", pretraining.key, snli.phases[1]]


def test_the_pretrainings_seed_is_its_own(tmp_path: Path) -> None:
    (phase,) = pretrained(plan_of(tmp_path))
    assert phase.seed == 5
    (other,) = pretrained(plan_of(tmp_path, seeds="[98, 99]"))
    assert other.key == phase.key
    (reseeded,) = pretrained(plan_of(tmp_path, models=f"[{SCRATCH.replace('seed: 5', 'seed: 6')}]"))
    assert reseeded.seed == 6 and reseeded.key != phase.key


def test_trials_start_from_the_same_pretraining(tmp_path: Path) -> None:
    found = plan_of(tmp_path, tune="{learning_rate: [1e-3, 1e-4], seeds: [1, 2], arms: [none, snli]}")
    (phase,) = pretrained(found)
    assert {cell.phases[0] for e in found.experiments for trial in e.trials for cell in trial.cells} == {phase.key}


def test_what_needs_nothing_after_the_pretraining_stands_there_once_a_model(tmp_path: Path) -> None:
    models = f"[tiny, {SCRATCH}, {SCRATCH.replace('fresh', 'other').replace('seed: 5', 'seed: 6')}]"
    made = lock(["tiny", from_scratch("fresh"), from_scratch("other")])
    found = planned(tmp_path, made, models=models, targets="[tatoeba]", arms="[none, mnli]", seeds="[1, 2, 3]")
    base = [cell for cell in found.cells if cell.arm == "none"]
    assert [(cell.model, cell.seed, len(cell.phases)) for cell in base] == [
        ("tiny", None, 0), ("fresh", None, 1), ("other", None, 1),
    ]  # fmt: skip
    assert len({cell.subject for cell in base}) == 3
    assert [cell.seed for cell in found.cells if cell.arm == "mnli"] == [1, 2, 3] * 3


def test_models_of_two_sizes_or_vocabularies_are_pretrained_apart(tmp_path: Path) -> None:
    specs = [from_scratch("fresh"), from_scratch("large", "tiny"), from_scratch("wide", vocabulary=80)]
    models = ", ".join(
        f"{{id: {name}, scratch: {{size: {size}, text: world_text, vocabulary: {vocabulary}, seed: 5}}}}"
        for name, size, vocabulary in (("fresh", "nano", 64), ("large", "tiny", 64), ("wide", "nano", 80))
    )
    found = planned(tmp_path, lock(specs), models=f"[{models}]", targets="[udpos]", arms="[none]", seeds="[1]")
    assert len({phase.key for phase in pretrained(found)}) == 3


def test_the_text_that_it_reads_shapes_everything_that_follows(tmp_path: Path) -> None:
    made = lock([from_scratch("fresh")], changed={"world_text/mul/train": {"data": "another world"}})
    assert all_keys(plan_of(tmp_path, made)).isdisjoint(all_keys(plan_of(tmp_path)))


def test_a_pretraining_has_a_recipe_of_its_own(tmp_path: Path) -> None:
    overrides = "[{where: {role: pretrain}, steps: 70, mlm_probability: 0.3}, {where: {task: world_text}, clip: 0.5}]"
    found = plan_of(tmp_path, recipe=f"{BASE}}}, override: {overrides}}}")
    (phase,) = pretrained(found)
    assert (phase.recipe.steps, phase.recipe.mlm_probability, phase.recipe.clip) == (70, 0.3, 0.5)
    rest = [p.phase.recipe for p in found.phases.values() if "pretrain" not in p.roles]
    assert {(recipe.steps, recipe.mlm_probability, recipe.clip) for recipe in rest} == {(8, 0.15, 1.0)}


def test_text_has_no_score_so_its_last_checkpoint_is_taken(tmp_path: Path) -> None:
    found = plan_of(
        tmp_path, select="{rule: best, every: 4}", arms="[none, world_text, {name: m, mix: [snli, world_text]}]"
    )
    rules = {p.phase.name: {rule.selected_by for rule in p.rules.values()} for p in found.phases.values()}
    assert rules["world_text"] == {""}
    assert rules["snli + world_text"] == {"snli/validation/en"}
    assert rules["udpos"] == {"udpos/validation/en"}


MADE: dict[str, tuple[list[str | ModelSpec], str]] = {
    "another size": ([from_scratch("fresh", "tiny")], SCRATCH),
    "another vocabulary": ([from_scratch("fresh", vocabulary=65)], SCRATCH),
    "a pretrained model": (["fresh"], SCRATCH),
    "a model from scratch": ([from_scratch("fresh")], "fresh"),
}


@pytest.mark.parametrize("name", MADE)
def test_a_lock_that_holds_another_model_by_that_name_is_refused(tmp_path: Path, name: str) -> None:
    specs, model = MADE[name]
    with pytest.raises(LockError, match="the lock has another model 'fresh'") as error:
        plan_of(tmp_path, lock(specs), models=f"[{model}]")
    assert "xfer lock" in error.value.fix


def test_a_recipe_longer_than_its_positions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="max_length 129 is more than model fresh takes"):
        plan_of(tmp_path, recipe=BASE.replace("max_length: 32", "max_length: 129") + "}}")
