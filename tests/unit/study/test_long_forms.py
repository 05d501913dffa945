"""What long forms of targets, arms, models and tune stand for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.study.made import SCRATCH, study
from xfer.study.arms import Ingredient, MixArm, Sample, TaskArm
from xfer.study.schema import Scratch, Target
from xfer.study.tuning import Asha, Rates, Tune
from xfer.synthetic.world import World


def test_a_target_is_a_task_with_a_name_and_a_number_of_examples(tmp_path: Path) -> None:
    found = study(tmp_path, targets="[xnli, {task: udpos}, {task: xnli, name: few, examples: 64}]")
    assert found.targets == (
        Target(task="xnli", name="xnli"), Target(task="udpos", name="udpos"),
        Target(task="xnli", name="few", examples=64),
    )  # fmt: skip
    assert found.target_names == ("xnli", "udpos", "few")
    assert found.target("few").examples == 64


def test_evaluation_and_overrides_mean_a_target_by_its_name(tmp_path: Path) -> None:
    evaluate = "[{tasks: [few], splits: [test]}, {tasks: all, languages: [en]}]"
    overrides = "[{where: {task: few}, steps: 3}, {where: {task: xnli}, batch_size: 4, micro_batch_size: 4}]"
    found = study(
        tmp_path, targets="[xnli, {task: xnli, name: few, examples: 64}]", evaluate=evaluate,
        recipe=f"{{default: {{steps: 8}}, override: {overrides}}}",
    )  # fmt: skip
    assert [[t.name for t in found.targets_of(entry)] for entry in found.evaluate] == [["few"], ["xnli", "few"]]
    few, whole = (found.recipe.of("target", names, "tiny") for names in (("few", "xnli", "mnli"), ("xnli", "mnli")))
    assert (few.steps, few.batch_size) == (3, 4)
    assert (whole.steps, whole.batch_size) == (8, 4)


def test_an_arm_is_made_of_ingredients(tmp_path: Path) -> None:
    arms = (
        "[none, snli, {name: few, task: mnli, examples: 64, labels: shuffled},"
        " {name: m, mix: [mnli, snli], sample: {weights: {snli: 3, mnli: 1}}}]"
    )
    none, snli, few, mix = study(tmp_path, arms=arms).arms
    assert (none.ingredients, none.trains_on) == ((), ())
    assert snli.ingredients == (Ingredient("snli"),)
    assert isinstance(few, TaskArm) and few.ingredients == (Ingredient("mnli", 64, shuffled=True),)
    assert isinstance(mix, MixArm) and mix.trains_on == ("mnli", "snli")
    assert mix.drawn.shares(mix.trains_on, (10, 90)) == (0.25, 0.75)


@pytest.mark.parametrize(
    ("sample", "shares"),
    [
        (Sample(), (0.5, 0.5)),
        (Sample(cap=30), (0.25, 0.75)),
        (Sample(temperature=2), (0.25, 0.75)),
        (Sample(temperature=1), (0.1, 0.9)),
        (Sample(weights={"b": 1, "a": 4}), (0.8, 0.2)),
        (Sample(weights={"b": 1}), (0.0, 1.0)),
    ],
)
def test_a_sample_is_the_share_of_each_task(sample: Sample, shares: tuple[float, ...]) -> None:
    assert sample.shares(("a", "b"), (10, 90)) == pytest.approx(shares)


def test_a_model_from_scratch_is_a_size_a_text_a_vocabulary_and_a_seed(tmp_path: Path) -> None:
    fresh, tiny = study(tmp_path, models=f"[{SCRATCH}, tiny]").models
    assert fresh.scratch == Scratch(size="nano", text="world_text", vocabulary=64, seed=5)
    assert tiny.scratch is None


def test_the_study_gives_its_world_to_its_tasks(tmp_path: Path) -> None:
    world = "{seed: 3, languages: {en: {}, xx: {cognates: 0.25, order: SOV, adjective: after}}, rows: {test: 7}}"
    found = study(tmp_path, world=world, targets="[world_nli]")
    assert found.registry.get("world_nli").languages == ("en", "xx")
    assert (found.world.seed, found.world.rows.test, found.world.languages["xx"].order) == (3, 7, "SOV")
    assert study(tmp_path).world == World()


def tune(folder: Path, learning_rate: str, more: str = "") -> Tune:
    found = study(folder, tune=f"{{seeds: [1, 2], learning_rate: {learning_rate}{more}}}").tune
    assert found is not None
    return found


def test_a_list_of_learning_rates_is_tried_as_it_stands(tmp_path: Path) -> None:
    found = tune(tmp_path, "[3e-3, 1e-5, 1e-4]")
    assert found.values == (3e-3, 1e-5, 1e-4)
    assert found.scheduler is None
    assert tune(tmp_path, "{values: [3e-3, 1e-5, 1e-4]}") == found


def test_a_range_is_drawn_from_evenly_on_a_logarithmic_scale(tmp_path: Path) -> None:
    values = tune(tmp_path, "{low: 1e-6, high: 1e-2, trials: 400}").values
    assert min(values) >= 1e-6 and max(values) <= 1e-2
    counts, _ = np.histogram(np.log10(values), bins=4, range=(-6, -2))
    assert counts.min() > 70, "each power of ten gets about a hundred"


def test_which_values_are_drawn_follows_from_the_range_and_the_first_seed(tmp_path: Path) -> None:
    values = tune(tmp_path, "{low: 1e-5, high: 1e-3, trials: 5}").values
    assert values == Rates(low=1e-5, high=1e-3).drawn(5, 1)
    assert values != Rates(low=1e-5, high=1e-3).drawn(5, 2)
    assert Rates(low=1e-5, high=1e-3).drawn(8, 1)[:5] == values, "more trials are the same ones and more"
    assert all(value == float(f"{value:.3g}") for value in values), "to be read and typed"


@pytest.mark.parametrize("more", ["", ", algorithm: random"])
def test_how_many_are_drawn_may_stand_beside_the_range(tmp_path: Path, more: str) -> None:
    beside = tune(tmp_path, "{low: 1e-5, high: 1e-3}", f", trials: 5{more}")
    assert beside.values == tune(tmp_path, "{low: 1e-5, high: 1e-3, trials: 5}").values
    assert (beside.drawn, beside.space) == (5, ())


@pytest.mark.parametrize(
    ("rates", "more"), [("{low: 1e-5, high: 1e-3}", ", trials: 5"), ("{low: 1e-5, high: 1e-3, trials: 5}", "")]
)
def test_what_optuna_will_draw_is_not_known_beforehand(tmp_path: Path, rates: str, more: str) -> None:
    found = tune(tmp_path, rates, f"{more}, algorithm: optuna")
    assert (found.drawn, found.values) == (5, ())
    (dimension,) = found.space
    assert (dimension.name, dimension.low, dimension.high, dimension.log) == ("learning_rate", 1e-5, 1e-3, True)


@pytest.mark.parametrize(("low", "high", "trials"), [(1e-5, 1e-3, 100), (1e-3, 1.1e-3, 10), (1.0e-3, 1.001e-3, 2)])
def test_as_many_different_values_are_tried_as_were_asked_for(low: float, high: float, trials: int) -> None:
    for seed in range(20):
        values = Rates(low=low, high=high).drawn(trials, seed)
        assert len(set(values)) == len(values) == trials
        assert low <= min(values) and max(values) <= high


def test_asha_is_a_word_or_its_rungs_and_factor(tmp_path: Path) -> None:
    assert tune(tmp_path, "[1e-3, 1e-4]", ", scheduler: asha").scheduler == Asha(asha=2, factor=2)
    found = tune(tmp_path, "[1e-3, 1e-4]", ", scheduler: {asha: 1, factor: 3}").scheduler
    assert found == Asha(asha=1, factor=3)
    assert (found.rungs, found.units) == ((1,), 3)
    assert (Asha(asha=3, factor=4).rungs, Asha(asha=3, factor=4).units) == ((1, 4, 16), 64)
