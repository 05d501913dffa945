"""``scheduler: asha`` in a plan: looks at the trials on their way, and decisions that know of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import FIELDS, lock, planned, study
from tests.unit.tasks import own
from tests.world import World
from xfer.errors import UserError
from xfer.phase.selection import Rule
from xfer.study import resolve
from xfer.study.plan import Experiment, Plan
from xfer.study.planner import plan
from xfer.study.resolve import Roots

TUNE = "learning_rate: [1e-3, 1e-4, 1e-5], seeds: [1, 2]"
STEPS = FIELDS["recipe"].replace("steps: 8", "steps: {}")


def tuned(folder: Path, scheduler: str = "", more: str = "", **fields: str) -> Plan:
    added = f", scheduler: {scheduler}" if scheduler else ""
    return planned(folder, **{"targets": "[xnli, udpos]", **fields}, tune=f"{{{TUNE}{added}{more}}}")


def rules_of(found: Plan, experiment: Experiment) -> list[Rule | None]:
    return [cell.looks for trial in experiment.trials for cell in trial.cells]


@pytest.mark.parametrize(
    ("scheduler", "steps", "every"), [("asha", 8, 2), ("asha", 11, 2), ("{asha: 1, factor: 3}", 8, 2), ("asha", 4, 1)]
)
def test_trials_are_looked_at_in_units_of_their_steps(tmp_path: Path, scheduler: str, steps: int, every: int) -> None:
    recipe = STEPS.replace("{}", str(steps))
    found = tuned(tmp_path, scheduler, recipe=recipe)
    judges = (("mnli", "accuracy"), ("udpos", "tag_f1"))
    for experiment, (task, metric) in zip(found.experiments, judges, strict=True):
        on = lock().data_set(task, "en", "validation")
        assert set(rules_of(found, experiment)) == {Rule("best", (on,), ((metric, 1),), every)}
        assert experiment.scheduler is not None
        assert max(experiment.scheduler.rungs) * every < steps, "a rung is before the end"


def test_the_looks_are_observed_by_the_trials_own_phases_and_by_no_others(tmp_path: Path) -> None:
    found = tuned(tmp_path, "asha", more=", arms: [snli]")
    looked_at = {
        cell.phases[-1]: cell.looks.key
        for experiment in found.experiments
        for trial in experiment.trials
        for cell in trial.cells
        if cell.looks
    }
    assert len(looked_at) == 2 * 3 * 2
    for key, planned_phase in found.phases.items():
        wanted = {"last", looked_at[key]} if key in looked_at else {"last"}
        assert set(planned_phase.rules) == wanted


def test_without_a_scheduler_nothing_is_looked_at_before_the_end(tmp_path: Path) -> None:
    found = tuned(tmp_path)
    assert {looks for experiment in found.experiments for looks in rules_of(found, experiment)} == {None}
    assert {rule for p in found.phases.values() for rule in p.rules} == {"last"}


def test_every_experiments_key_depends_on_the_scheduler(tmp_path: Path) -> None:
    schedulers = ["", "asha", "{asha: 1}", "{asha: 2, factor: 3}", "{asha: 1, factor: 3}"]
    recipe = STEPS.replace("{}", "16")
    plans = [tuned(tmp_path, scheduler, recipe=recipe) for scheduler in schedulers]
    for experiments in zip(*(found.experiments for found in plans), strict=True):
        assert len({experiment.key for experiment in experiments}) == len(schedulers)
    spelled_out = tuned(tmp_path, "{asha: 2, factor: 2}", recipe=recipe)
    assert [e.key for e in spelled_out.experiments] == [e.key for e in plans[1].experiments]


def test_what_trials_train_does_not_depend_on_the_scheduler(tmp_path: Path) -> None:
    assert tuned(tmp_path, "asha").phases.keys() == tuned(tmp_path).phases.keys()


def test_values_that_are_drawn_are_trials_like_any_others(tmp_path: Path) -> None:
    tune = "{learning_rate: {low: 1e-5, high: 1e-3, trials: 4}, seeds: [1], targets: [udpos], scheduler: asha}"
    (experiment,) = planned(tmp_path, tune=tune).experiments
    rates = [trial.values["learning_rate"] for trial in experiment.trials]
    assert len(set(rates)) == 4 and all(1e-5 <= rate <= 1e-3 for rate in rates)
    listed = tune.replace("{low: 1e-5, high: 1e-3, trials: 4}", str(rates))
    assert planned(tmp_path, tune=listed).experiments[0].key == experiment.key


def test_more_rungs_than_a_trial_has_steps_are_refused(tmp_path: Path) -> None:
    """Of eight steps, sixteen units cannot be told apart: rungs behind the end would look at the end."""
    with pytest.raises(UserError, match="8 steps") as error:
        tuned(tmp_path, "{asha: 4, factor: 2}")
    assert error.value.where == f"{tmp_path / 'study.yaml'}:8:58"


@pytest.mark.parametrize(
    "more", [", arms: [snli, none]", ", arms: [none, snli]"], ids=["as the study has them", "the other way round"]
)
def test_an_experiments_key_does_not_change_with_the_order_of_arms_targets_or_models(tmp_path: Path, more: str) -> None:
    base = {"arms": "[none, snli]", "models": "[tiny, large]", "targets": "[xnli, udpos]"}
    turned = {"arms": "[snli, none]", "models": "[large, tiny]", "targets": "[udpos, xnli]"}
    made = lock(["tiny", "large"])
    keys = [
        {e.key for e in planned(tmp_path, made, **fields, tune=f"{{{TUNE}, per: []{arms}}}").experiments}
        for fields, arms in ((base, ", arms: [none, snli]"), (turned, more))
    ]
    assert keys[0] == keys[1]


OF_VERSION = """
from xfer.tasks.metrics import ACCURACY, Metric


class Mine(Classification):
    name = "mine"
    metrics = (Metric("mood_accuracy", {version}, ACCURACY.compute, ACCURACY.chance),)


TASK = """


def test_an_experiments_key_changes_with_the_version_of_the_metric_that_decides(
    tmp_path: Path, small_world: World
) -> None:
    """A metric that has been mended may choose otherwise."""
    keys = set()
    roots = Roots((own.data(tmp_path / "data"), small_world.data), (small_world.models,))
    for version in (1, 2):
        content = own.changed("\nTASK = ", OF_VERSION.format(version=version))
        content = content.replace("format=Classification()", "format=Mine()")
        own.task_file(tmp_path, content.replace('metric="accuracy"', 'metric="mood_accuracy"'))
        found = study(tmp_path, own_tasks="./my_tasks", targets="[mine]", arms="[none]", tune=f"{{{TUNE}}}")
        (experiment,) = plan(found, resolve.resolve(found, roots), {}).experiments
        keys.add(experiment.key)
    assert len(keys) == 2
