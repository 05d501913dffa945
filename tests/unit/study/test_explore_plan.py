"""Explore: trials over arms, mixtures, volumes and recipes; what they find becomes arms of the grid."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import lock, planned, study, whole_lock
from xfer.errors import UserError
from xfer.study.cost import unknown
from xfer.study.plan import Decisions, Plan, Planned, Tried, Values
from xfer.study.planner import plan
from xfer.study.space import holds

SPACE = "{arms: [none, snli], mix: {mnli: uniform, snli: uniform}, examples: {mnli: {low: 10, high: 90}}}"
EXPLORE = f"{{space: {SPACE}, trials: 9, confirm: 2, seeds: [1, 2], targets: [udpos]}}"
MIX: Values = {"arm": "mix", "mix.mnli": 0.25, "mix.snli": 0.75, "examples.mnli": 64}


def explored(folder: Path, explore: str = EXPLORE, decisions: Decisions | None = None, tune: str | None = None) -> Plan:
    return planned(folder, None, decisions, arms="[none, snli]", explore=explore, tune=tune)


def found(folder: Path, *values: Values, explore: str = EXPLORE) -> Plan:
    """The plan when these values have been chosen."""
    (experiment,) = explored(folder, explore).experiments
    chosen = {f"explored-{i + 1}": one for i, one in enumerate(values)}
    return explored(folder, explore, {experiment.key: chosen})


def trained(plan: Plan, arm: str, target: str = "udpos") -> list[Planned]:
    """Phases of an arm's first seed, first to last."""
    cell = next(cell for cell in plan.cells if (cell.arm, cell.target, cell.seed) == (arm, target, 11))
    return [plan.phases[key] for key in cell.phases]


def test_a_space_has_a_dimension_for_each_thing_and_says_when(tmp_path: Path) -> None:
    recipe = "recipe: {intermediate: {steps: [4, 8]}, target: {learning_rate: {low: 1e-4, high: 1e-2}}}"
    made = study(tmp_path, arms="[none, snli]", explore=EXPLORE.replace("}}, trials", f"}}, {recipe}}}, trials", 1))
    assert made.explore is not None
    space = {dimension.name: dimension for dimension in made.explore.dimensions(made.arms)}
    assert list(space) == [
        "arm", "mix.mnli", "mix.snli", "examples.mnli", "intermediate.steps", "target.learning_rate",
    ]  # fmt: skip
    assert space["arm"].choices == ("none", "snli", "mix")
    assert space["mix.mnli"].only == ("arm", ("mix",)) == space["examples.mnli"].only
    assert space["intermediate.steps"].only == ("arm", ("snli", "mix"))
    assert space["target.learning_rate"].only is None and space["target.learning_rate"].log
    assert space["examples.mnli"].whole and space["examples.mnli"].log
    whole = tuple(space.values())
    assert holds(whole, {"arm": "none", "target.learning_rate": 1e-3})
    assert not holds(whole, {"arm": "none"}) and not holds(whole, {"arm": "none", "target.learning_rate": 1.0})
    assert not holds(whole, {"arm": "none", "target.learning_rate": 1e-3, "intermediate.steps": 4})


def test_until_it_is_decided_its_arms_are_planned_but_undecided(tmp_path: Path) -> None:
    open_plan = explored(tmp_path)
    (experiment,) = open_plan.open_experiments()
    assert (experiment.number, experiment.trials) == (9, ())
    cells = {(cell.arm, cell.decided) for cell in open_plan.cells}
    assert cells == {("none", True), ("snli", True), ("explored-1", False), ("explored-2", False)}
    assert {cell.group for cell in open_plan.cells if not cell.decided} == {"explored"}
    assert {cell.seed for cell in open_plan.cells if cell.arm == "explored-1"} == {11, 12}
    decided = {key for cell in open_plan.cells if cell.decided for key in cell.phases}
    assert {key for key, held in open_plan.phases.items() if held.decided} == decided
    number, cost = unknown(experiment, open_plan.phases, whole_lock())
    assert (number, cost.steps) == (9, 9 * 2 * (8 + 8)), "at most an intermediate phase and a target for each seed"


def test_a_trial_is_one_arm_with_seeds_of_its_own_and_no_cell(tmp_path: Path) -> None:
    (experiment,) = explored(tmp_path).experiments
    added = experiment.trial(MIX)
    assert {held.phase.seed for held in added.phases.values()} == {1, 2}
    assert {role for held in added.phases.values() for role in held.roles} == {"trial"}, "nothing of it is to stay"
    assert len(added.trial.cells) == 2 and all(len(cell.phases) == 2 for cell in added.trial.cells)
    between = added.phases[added.trial.cells[0].phases[0]].phase
    assert [(data.task, data.examples) for data in between.trains_on] == [("mnli", 64), ("snli", None)]
    assert between.weights == (0.25, 0.75)
    (alone,) = {len(cell.phases) for cell in experiment.trial({"arm": "none"}).trial.cells}
    assert alone == 1
    share = experiment.trial({**MIX, "mix.mnli": 0.0, "mix.snli": 1.0})
    assert {p.phase.name for p in share.phases.values()} == {"snli", "udpos"}, "what has no share is not in it"


def test_what_is_found_becomes_arms_with_the_studys_seeds(tmp_path: Path) -> None:
    decided = found(tmp_path, MIX, {"arm": "snli"})
    assert decided.open_experiments() == () and all(cell.decided for cell in decided.cells)
    assert all(held.decided for held in decided.phases.values())
    between, target = trained(decided, "explored-1")
    assert [(data.task, data.examples) for data in between.phase.trains_on] == [("mnli", 64), ("snli", None)]
    assert (between.roles, target.roles, target.phase.seed) == ({"intermediate"}, {"target"}, 11)
    assert trained(decided, "explored-2") == trained(decided, "snli"), "the arm that the study has itself"
    assert not [held for held in decided.phases.values() if "trial" in held.roles]


def test_recipe_values_that_are_found_are_for_that_arm_alone(tmp_path: Path) -> None:
    recipe = "recipe: {intermediate: {epochs: [1, 2]}, target: {learning_rate: [1e-4, 1e-2]}}"
    explore = f"{{space: {{arms: [none, snli], {recipe}}}, trials: 3, seeds: [1]}}"
    values = {"arm": "snli", "intermediate.epochs": 2.0, "target.learning_rate": 1e-2}
    decided = found(tmp_path, values, explore=explore)
    between, target = trained(decided, "explored-1")
    assert (between.phase.recipe.epochs, between.phase.recipe.steps) == (2, None)
    assert target.phase.recipe.learning_rate == 1e-2
    assert trained(decided, "snli")[-1].phase.recipe.learning_rate == 1e-3


def test_an_arm_that_is_found_takes_what_was_tuned_where_it_has_no_value_itself(tmp_path: Path) -> None:
    tune = "{learning_rate: [1e-3, 1e-5], seeds: [1], targets: [udpos]}"
    tuning, exploration = explored(tmp_path, tune=tune).experiments
    both: Decisions = {tuning.key: {"learning_rate": 1e-5}, exploration.key: {"explored-1": MIX}}
    decided = explored(tmp_path, decisions=both, tune=tune)
    assert trained(decided, "explored-1")[-1].phase.recipe.learning_rate == 1e-5
    half = explored(tmp_path, decisions={exploration.key: {"explored-1": MIX}}, tune=tune)
    assert {cell.decided for cell in half.cells if (cell.arm, cell.target) == ("explored-1", "udpos")} == {False}


def test_trials_that_have_been_tried_stand_in_the_plan(tmp_path: Path) -> None:
    (experiment,) = explored(tmp_path).experiments
    tried: Tried = {experiment.key: [{"arm": "none"}, MIX]}
    made = study(tmp_path, arms="[none, snli]", explore=EXPLORE)
    known = plan(made, whole_lock(), {}, tried)
    assert [trial.values for trial in known.experiments[0].trials] == tried[experiment.key]
    assert known.experiments[0].key == experiment.key
    assert experiment.trial(MIX).phases.keys() <= known.phases.keys()


def test_its_targets_models_and_seeds_share_one_choice(tmp_path: Path) -> None:
    explore = EXPLORE.replace(", targets: [udpos]", "")
    made = lock(["tiny", "large"])
    (experiment,) = planned(tmp_path, made, arms="[none, snli]", models="[tiny, large]", explore=explore).experiments
    assert (experiment.model, experiment.target) == ("tiny+large", "xnli+udpos")
    assert len(experiment.trial({"arm": "none"}).trial.cells) == 2 * 2 * 2
    one = planned(
        tmp_path, made, arms="[none, snli]", models="[tiny, large]",
        explore=explore.replace("seeds", "models: [large], seeds"),
    )  # fmt: skip
    assert one.experiments[0].model == "large"
    assert {cell.model for cell in one.cells if cell.arm == "explored-1"} == {"tiny", "large"}


def test_a_value_that_leaves_too_few_steps_for_the_rungs_is_refused_when_it_is_planned(tmp_path: Path) -> None:
    explore = "{space: {arms: [none, snli], recipe: {target: {steps: {low: 2, high: 64}}}}, "
    with pytest.raises(UserError, match="2 steps") as error:
        explored(tmp_path, explore + "trials: 3, seeds: [1], scheduler: asha}")
    assert error.value.where.startswith(f"{tmp_path / 'study.yaml'}:")
    explored(tmp_path, explore.replace("low: 2", "low: 4") + "trials: 3, seeds: [1], scheduler: asha}")
