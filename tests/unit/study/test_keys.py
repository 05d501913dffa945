"""Planning is pure: keys follow from what shapes numbers, and from nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.study.made import FIELDS, all_keys, lock, phases, planned
from xfer.phase.selection import Rule, Selection
from xfer.study.plan import Plan

RECIPE = FIELDS["recipe"].removesuffix("}}")
SMALL = {
    "seeds": "[11]",
    "evaluate": "[{languages: [de], splits: [test]}]",
    "tune": "{learning_rate: [1e-3, 1e-4], seeds: [1], arms: [none, snli], targets: [udpos]}",
}

TRAINED = {"seeds": "[11]", "targets": "[xnli, udpos]", "evaluate": "[{languages: [de], splits: [test]}]"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Only cells that something is trained for."""
    return planned(tmp_path_factory.mktemp("trained"), **TRAINED)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return planned(tmp_path_factory.mktemp("base"), **SMALL)


def test_planning_twice_gives_the_same_plan(tmp_path: Path, base: Plan) -> None:
    again = planned(tmp_path, **SMALL)
    assert list(again.phases) == list(base.phases)
    assert list(again.evaluations) == list(base.evaluations)
    assert [e.key for e in again.experiments] == [e.key for e in base.experiments]
    assert again.cells == base.cells


UNCHANGED: dict[str, dict[str, str]] = {
    "ranks, ZeRO stage and snapshots": {
        "resources": "{default: {ranks: 4, zero_stage: 2, snapshot_every: 7, per_rank: {cpu: 8, gpu: 1}}}"
    },
    "resources of one phase": {"resources": "{override: [{where: {role: target}, ranks: 2}]}"},
    "storage": {"storage": "s3://bucket/prefix"},
    "the study's name": {"study": "another"},
    "an arm's name": {"arms": "[none, {name: premises, task: mnli}, snli]"},
    "an arm's group": {"arms": "[none, {task: mnli, group: nli}, snli]"},
    "the order of arms": {"arms": "[snli, mnli, none]"},
    "the order of targets": {"targets": "[tatoeba, udpos, xnli]"},
    "what is the default anyway": {"recipe": RECIPE + ", warmup: 0.1, weight_decay: 0.0}}", "carry": "encoder"},
    "an override that matches nothing": {"recipe": RECIPE + "}, override: [{where: {task: panx}, steps: 3}]}"},
    "another way to write a number": {"recipe": RECIPE.replace("1e-3", "0.001") + "}}"},
    "numbers of a selection that is not asked for": {"select": "{rule: last, every: 7, sample: 3}"},
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_keys_do_not_change_with(tmp_path: Path, base: Plan, name: str) -> None:
    assert all_keys(planned(tmp_path, **{**SMALL, **UNCHANGED[name]})) == all_keys(base)


VALUES = [
    "steps: 9", "epochs: 1", "batch_size: 32", "micro_batch_size: 4", "learning_rate: 2e-3", "warmup: 0.2",
    "weight_decay: 0.1", "clip: 0.5", "max_length: 48", "dropout: 0.1", "dropout: 0.0", "precision: bf16",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_every_key_changes_with_any_value_of_the_recipe(tmp_path: Path, trained: Plan, value: str) -> None:
    recipe = f"{RECIPE}}}, override: [{{where: {{}}, {value}}}]}}"
    assert all_keys(planned(tmp_path, **TRAINED, recipe=recipe)).isdisjoint(all_keys(trained))


def test_every_key_changes_with_the_seed_and_none_with_the_order_of_seeds(tmp_path: Path, trained: Plan) -> None:
    others = all_keys(planned(tmp_path, **{**TRAINED, "seeds": "[12]"}))
    assert others.isdisjoint(all_keys(trained))
    assert all_keys(planned(tmp_path, **{**TRAINED, "seeds": "[12, 11]"})) == others | all_keys(trained)


def test_every_key_changes_with_the_models_content_and_not_with_its_name(tmp_path: Path, base: Plan) -> None:
    assert all_keys(planned(tmp_path, lock(fingerprint="other"), **SMALL)).isdisjoint(all_keys(base))
    renamed = planned(tmp_path, lock(["large"], fingerprint="weights of tiny"), **SMALL, models="[large]")
    assert all_keys(renamed) == all_keys(base)


def moved(base: Plan, changed: Plan) -> set[tuple[str, str]]:
    """Arm and target of the cells that other phases lead to."""
    pairs = zip(base.cells, changed.cells, strict=True)
    return {(old.arm, old.target) for old, new in pairs if old.phases != new.phases}


def test_an_override_moves_only_what_it_matches_and_what_comes_of_that(tmp_path: Path, base: Plan) -> None:
    override = "override: [{where: {role: intermediate, task: snli}, steps: 9}]"
    changed = planned(tmp_path, **SMALL, recipe=f"{RECIPE}}}, {override}}}")
    assert moved(base, changed) == {("snli", target) for target in ("xnli", "udpos", "tatoeba")}


ARMS = ("none", "mnli", "snli")
DATA: dict[str, tuple[dict[str, dict[str, Any]], set[tuple[str, str]]]] = {
    "an arm's training data": (
        {"snli/en/train": {"data": "new"}}, {("snli", target) for target in ("xnli", "udpos", "tatoeba")},
    ),
    "a target's training data": ({"udpos/en/train": {"data": "new"}}, {(arm, "udpos") for arm in ARMS}),
    "a test set": ({"xnli/de/test": {"data": "new"}}, set()),
    "the measured lengths": ({"mnli/en/train": {"lengths": {"tiny": {16: 160}}}}, set()),
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_phases_change_with_the_data_they_and_their_parents_train_on(tmp_path: Path, base: Plan, name: str) -> None:
    changes, expected = DATA[name]
    assert moved(base, planned(tmp_path, lock(changed=changes), **SMALL)) == expected


def test_a_test_sets_content_changes_its_own_evaluations_only(tmp_path: Path, base: Plan) -> None:
    changed = planned(tmp_path, lock(changed={"xnli/de/test": {"data": "new"}}), **SMALL)
    gone = [base.evaluations[key].data for key in base.evaluations.keys() - changed.evaluations.keys()]
    assert [(data.task, data.language, data.split) for data in gone] == [("xnli", "de", "test")] * 3
    assert base.phases.keys() == changed.phases.keys()


def only_rule(found: Plan, phase: str) -> Rule:
    (rule,) = found.phases[phase].rules.values()
    return rule


def test_the_rule_that_chooses_a_checkpoint_changes_children_and_not_the_phase(tmp_path: Path) -> None:
    fields = {"seeds": "[1]", "arms": "[none, snli]", "targets": "[udpos]"}
    last, best = planned(tmp_path, **fields), planned(tmp_path, **fields, select="{rule: best, every: 4}")
    (none_last, snli_last), (none_best, snli_best) = last.cells, best.cells
    assert none_last.phases == none_best.phases
    assert snli_last.phases[0] == snli_best.phases[0]
    assert snli_last.phases[1] != snli_best.phases[1], "it starts from another checkpoint"
    assert set(none_last.evaluations).isdisjoint(none_best.evaluations)
    start = best.phases[snli_best.phases[1]].phase.start
    assert start == Selection(snli_best.phases[0], only_rule(best, snli_best.phases[0]))
    assert start.rule.kind == "best"


def test_best_is_chosen_on_the_validation_data_of_every_task_trained_on(tmp_path: Path) -> None:
    arms = "[none, {name: m, mix: [mnli, snli]}]"
    found = planned(tmp_path, seeds="[1]", arms=arms, select="{rule: best, every: 4, sample: 20}")
    (mix,) = phases(found, "intermediate", "mnli + snli")
    rule = only_rule(found, mix.key)
    assert rule.selected_by == "mnli/validation/en+snli/validation/en"
    assert (rule.every, [data.examples for data in rule.on]) == (4, [20, 20])
    targets = phases(found, "target", "udpos")
    assert [only_rule(found, target.key).selected_by for target in targets] == ["udpos/validation/en"] * 2
