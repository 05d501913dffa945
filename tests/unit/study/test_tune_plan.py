"""Tune: trials are phases of the plan, and the grid waits for what they choose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.study.made import lock, planned, study, whole_lock
from xfer.study.plan import Decisions, Plan
from xfer.study.planner import plan

TUNE = "{learning_rate: [1e-3, 1e-4, 1e-5], seeds: [1, 2]}"


def decided(found: Plan, rate: float) -> Decisions:
    return {experiment.key: {"learning_rate": rate} for experiment in found.experiments}


def test_each_model_and_trained_target_gets_an_experiment(tmp_path: Path) -> None:
    found = planned(tmp_path, lock(["tiny", "large"], max_length=128), models="[tiny, large]", tune=TUNE)
    assert [(e.model, e.target) for e in found.experiments] == [
        ("tiny", "xnli"), ("tiny", "udpos"), ("large", "xnli"), ("large", "udpos"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("per", "names"),
    [
        ("[model]", [("tiny", "xnli+udpos"), ("large", "xnli+udpos")]),
        ("[target]", [("tiny+large", "xnli"), ("tiny+large", "udpos")]),
        ("[]", [("tiny+large", "xnli+udpos")]),
    ],
)
def test_models_or_targets_can_share_a_choice(tmp_path: Path, per: str, names: list[tuple[str, str]]) -> None:
    tune = TUNE.replace("}", f", per: {per}}}")
    found = planned(tmp_path, lock(["tiny", "large"]), models="[tiny, large]", tune=tune)
    assert [(e.model, e.target) for e in found.experiments] == names


def test_a_trial_is_a_phase_for_every_value_arm_and_seed(tmp_path: Path) -> None:
    tune = TUNE.replace("}", ", arms: [none, snli], targets: [udpos]}")
    found = planned(tmp_path, tune=tune)
    (experiment,) = found.experiments
    assert [trial.values for trial in experiment.trials] == [{"learning_rate": rate} for rate in (1e-3, 1e-4, 1e-5)]
    for trial in experiment.trials:
        ends = [found.phases[cell.phases[-1]] for cell in trial.cells]
        assert [(len(cell.phases), end.phase.seed) for cell, end in zip(trial.cells, ends, strict=True)] == [
            (1, 1), (1, 2), (2, 1), (2, 2),
        ]  # fmt: skip
        assert {end.phase.recipe.learning_rate for end in ends} == {trial.values["learning_rate"]}
        assert all(end.roles == {"trial"} and end.decided and end.cells == 0 for end in ends)


def test_the_arms_part_of_a_trial_is_shared_by_all_values(tmp_path: Path) -> None:
    tune = TUNE.replace("}", ", arms: [snli], targets: [udpos]}")
    (experiment,) = planned(tmp_path, tune=tune).experiments
    assert len({cell.phases[0] for trial in experiment.trials for cell in trial.cells}) == 2, "one a seed"


def test_trials_are_judged_on_validation_data_of_what_they_train_on(tmp_path: Path) -> None:
    found = planned(tmp_path, tune=TUNE)
    judged = {found.evaluations[c.evaluation].data for x in found.experiments for t in x.trials for c in t.cells}
    assert {(data.task, data.language, data.split) for data in judged} == {
        ("mnli", "en", "validation"), ("udpos", "en", "validation"),
    }  # fmt: skip
    assert [experiment.metric for experiment in found.experiments] == [
        "mnli/validation/en/accuracy", "udpos/validation/en/tag_f1",
    ]  # fmt: skip


def test_targets_that_share_a_choice_are_each_judged_by_their_own_metric(tmp_path: Path) -> None:
    (experiment,) = planned(tmp_path, tune=TUNE.replace("}", ", per: [model]}")).experiments
    assert experiment.metric == "mnli/validation/en/accuracy+udpos/validation/en/tag_f1"


def test_trials_use_seeds_of_their_own_and_no_cell_of_the_grid(tmp_path: Path) -> None:
    found = planned(tmp_path, tune=TUNE)
    trials = {key for key, held in found.phases.items() if "trial" in held.roles}
    assert {found.phases[key].phase.seed for key in trials} == {1, 2}
    assert trials.isdisjoint(key for cell in found.cells for key in cell.phases)


def test_what_waits_for_a_choice_is_undecided(tmp_path: Path) -> None:
    found = planned(tmp_path, tune=TUNE.replace("}", ", targets: [udpos]}"))
    assert {cell.target for cell in found.cells if not cell.decided} == {"udpos"}
    assert {p.phase.name for p in found.phases.values() if not p.decided} == {"udpos"}
    assert found.open_experiments() == found.experiments


def test_a_decision_gives_the_chosen_learning_rate(tmp_path: Path) -> None:
    open_plan = planned(tmp_path, tune=TUNE)
    found = planned(tmp_path, None, decided(open_plan, 1e-4), tune=TUNE)
    assert found.open_experiments() == ()
    targets = [p.phase for p in found.phases.values() if "target" in p.roles and p.roles == {"target"}]
    assert {phase.recipe.learning_rate for phase in targets} == {1e-4}
    arms = [p.phase for p in found.phases.values() if "intermediate" in p.roles]
    assert {phase.recipe.learning_rate for phase in arms} == {1e-3}, "tune chooses for targets"
    assert all(p.decided for p in found.phases.values())
    assert [e.key for e in found.experiments] == [e.key for e in open_plan.experiments]


def test_a_decision_for_one_target_leaves_the_other_open(tmp_path: Path) -> None:
    xnli, udpos = planned(tmp_path, tune=TUNE).experiments
    found = planned(tmp_path, None, {xnli.key: {"learning_rate": 1e-5}}, tune=TUNE)
    assert {(cell.target, cell.decided) for cell in found.cells} == {
        ("xnli", True), ("udpos", False), ("tatoeba", True),
    }  # fmt: skip
    assert found.open_experiments() == (udpos,)


def test_a_decided_grid_is_the_grid_of_a_study_that_names_the_value(tmp_path: Path) -> None:
    found = planned(tmp_path, None, decided(planned(tmp_path, tune=TUNE), 1e-4), tune=TUNE)
    override = "override: [{where: {role: target}, learning_rate: 1e-4}]"
    recipe = (
        f"{{default: {{steps: 8, batch_size: 16, learning_rate: 1e-3, max_length: 32, precision: fp32}}, {override}}}"
    )
    named = planned(tmp_path, recipe=recipe)
    trained = {cell.phases for cell in found.cells if cell.target != "tatoeba"}
    assert trained == {cell.phases for cell in named.cells if cell.target != "tatoeba"}


def test_a_phase_that_something_decided_needs_is_decided(tmp_path: Path) -> None:
    """The undecided target xnli under ``none`` has, for now, the payload of the arm mnli."""
    found = planned(tmp_path, arms="[none, mnli]", targets="[xnli, tatoeba]", seeds="[11]", tune=TUNE)
    (retrieval,) = (cell for cell in found.cells if (cell.arm, cell.target) == ("mnli", "tatoeba"))
    assert retrieval.decided
    assert [found.phases[key].decided for key in retrieval.phases] == [True]


CHANGED = {
    "values": "{learning_rate: [1e-3, 1e-4], seeds: [1, 2]}",
    "seeds": "{learning_rate: [1e-3, 1e-4, 1e-5], seeds: [1, 3]}",
    "arms": "{learning_rate: [1e-3, 1e-4, 1e-5], seeds: [1, 2], arms: [snli]}",
    "language": "{learning_rate: [1e-3, 1e-4, 1e-5], seeds: [1, 2], on: validation/de}",
}


@pytest.mark.parametrize("name", CHANGED)
def test_an_experiments_key_changes_with(tmp_path: Path, name: str) -> None:
    fields = {"targets": "[udpos]"}
    (base,) = planned(tmp_path, tune=TUNE, **fields).experiments
    (changed,) = planned(tmp_path, tune=CHANGED[name], **fields).experiments
    assert changed.key != base.key


def test_an_experiments_key_does_not_change_with_the_rest_of_the_study(tmp_path: Path) -> None:
    base = planned(tmp_path, tune=TUNE, targets="[udpos]")
    other = planned(tmp_path, tune=TUNE, targets="[tatoeba, udpos]", study="other", seeds="[5, 6]", arms="[none]")
    assert [e.key for e in other.experiments] == [e.key for e in base.experiments]


SOUGHT = "{learning_rate: {low: 1e-5, high: 1e-3}, algorithm: optuna, trials: 6, seeds: [1, 2], targets: [udpos]}"


def test_trials_that_optuna_will_draw_have_a_number_and_no_phases(tmp_path: Path) -> None:
    found = planned(tmp_path, tune=SOUGHT)
    (experiment,) = found.experiments
    assert (experiment.trials, experiment.number) == ((), 6)
    assert not [key for key, held in found.phases.items() if "trial" in held.roles]
    assert found.open_experiments() == (experiment,)
    assert {cell.target for cell in found.cells if not cell.decided} == {"udpos"}


def test_the_trial_of_some_values_is_the_one_that_a_list_would_have(tmp_path: Path) -> None:
    found = planned(tmp_path, tune=SOUGHT)
    listed = planned(tmp_path, tune="{learning_rate: [2e-4, 1e-5], seeds: [1, 2], targets: [udpos]}")
    added = found.experiments[0].trial({"learning_rate": 2e-4})
    assert added.trial == listed.experiments[0].trials[0]
    more = found.also(found.experiments[0].key, added)
    trials = {key for key, held in listed.phases.items() if held.phase.recipe.learning_rate == 2e-4}
    assert trials and trials == {key for key, held in more.phases.items() if "trial" in held.roles}
    assert {cell.evaluation for cell in added.trial.cells} <= more.evaluations.keys()
    assert more.experiments[0].trials == (added.trial,)
    assert more.experiments[0].trial({"learning_rate": 2e-4}).phases == {}, "it is known now"
    assert more.also(more.experiments[0].key, added).experiments == more.experiments
    assert found.experiments[0].trials == (), "the plan itself stays as it is"


def test_trials_that_have_been_tried_stand_in_the_plan(tmp_path: Path) -> None:
    before = planned(tmp_path, tune=SOUGHT)
    (experiment,) = before.experiments
    tried = {experiment.key: [{"learning_rate": 2e-4}, {"learning_rate": 3e-5}]}
    after = plan(study(tmp_path, tune=SOUGHT), whole_lock(), {}, tried)
    assert [trial.values for trial in after.experiments[0].trials] == tried[experiment.key]
    assert after.experiments[0].key == experiment.key
    assert len([key for key, held in after.phases.items() if "trial" in held.roles]) == 4


def test_a_searchs_key_knows_its_space_and_number_and_what_a_score_is_about_does_not(tmp_path: Path) -> None:
    base, values = planned(tmp_path, tune=SOUGHT).experiments[0], {"learning_rate": 2e-4}
    for change in ("trials: 7", "low: 2e-5", "high: 2e-3"):
        name = change.partition(":")[0]
        changed = re.sub(rf"{name}: [^,}}]*", change, SOUGHT)
        found = planned(tmp_path, tune=changed).experiments[0]
        assert found.key != base.key and found.name(values) == base.name(values), change
    for change in ("seeds: [1, 3]", "seeds: [1, 2], arms: [snli]", "seeds: [1, 2], on: validation/de"):
        found = planned(tmp_path, tune=SOUGHT.replace("seeds: [1, 2]", change)).experiments[0]
        assert found.key != base.key and found.name(values) != base.name(values), change
    listed = "{learning_rate: [2e-4, 1e-5], seeds: [1, 2], targets: [udpos]}"
    assert planned(tmp_path, tune=listed).experiments[0].name(values) == base.name(values)
    other = planned(tmp_path, tune=SOUGHT, seeds="[5, 6]", arms="[none]", study="other").experiments[0]
    assert other.key == base.key and other.name(values) == base.name(values)
