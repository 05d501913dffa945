"""Recipes, checkpoints and searches in words: each once, grouped where phases differ."""

from __future__ import annotations

from pathlib import Path

from tests.unit.reports.studies import open_with, said, world_of
from tests.unit.study.made import lock
from xfer.study.opening import Opened
from xfer.study.planner import plan

TUNED = {"targets": "[xnli, udpos]", "recipe": "{default: {steps: 64, max_length: 32, learning_rate: 2e-5}}"}


def test_recipes_are_told_once_and_grouped_where_they_differ(tmp_path: Path) -> None:
    override = (
        "[{where: {role: target, task: [udpos]}, steps: 99}, {where: {role: intermediate}, epochs: 2, steps: null}]"
    )
    recipe = f"{{default: {{steps: 8, max_length: 32, learning_rate: 2e-5}}, override: {override}}}"
    found = said(open_with(tmp_path, recipe=recipe))["Training"]
    assert found.items == (
        "Intermediate phases: 2 epochs in batches of 32 rows.",
        "Target phases of xnli: 8 steps of 32 rows.",
        "Target phases of udpos: 99 steps of 32 rows.",
    )
    assert "All phases: micro-batches of 8; peak learning rate 2e-5; warm-up over 10% of the steps" in found.text
    assert "bf16 with fp32 master weights" in found.text


def test_one_recipe_for_all_needs_no_list(tmp_path: Path) -> None:
    found = said(open_with(tmp_path))["Training"]
    assert found.items == ()
    assert "All phases: 8 steps of 16 rows; micro-batches of 8; peak learning rate 1e-3" in found.text


def test_a_recipe_for_one_model_names_it(tmp_path: Path) -> None:
    recipe = "{default: {steps: 8, max_length: 32}, override: [{where: {model: large, role: target}, steps: 9}]}"
    opened = open_with(
        tmp_path, lock(["tiny", "large"]), models="[tiny, large]", recipe=recipe, targets="[xnli, udpos]"
    )
    assert said(opened)["Training"].items == (
        "Intermediate phases and target phases of xnli on tiny and udpos on tiny: 8 steps of 32 rows.",
        "Target phases of xnli on large and udpos on large: 9 steps of 32 rows.",
    )


def test_phases_of_one_arm_with_recipes_of_their_own_are_told_apart(tmp_path: Path) -> None:
    arms = "[none, panx, {name: chain, then: [snli, mnli]}]"
    recipe = (
        "{default: {steps: 8, max_length: 32}, override: [{where: {role: intermediate, task: [mnli, panx]}, steps: 9},"
        " {where: {role: target}, steps: 7}]}"
    )
    made = lock(["tiny", "large"])
    opened = open_with(tmp_path, made, models="[tiny, large]", arms=arms, recipe=recipe)
    assert said(opened)["Training"].items == (
        "Intermediate phases of arms panx and chain (mnli): 9 steps of 32 rows.",
        "Intermediate phases of arm chain (snli): 8 steps of 32 rows.",
        "Target phases: 7 steps of 32 rows.",
    )
    recipe = "{default: {steps: 8, max_length: 32}, override: [{where: {model: large, task: snli}, steps: 9}]}"
    opened = open_with(tmp_path, made, models="[tiny, large]", arms=arms, recipe=recipe)
    assert said(opened)["Training"].items == (
        "Intermediate phases of arms panx on tiny and large, chain on tiny and chain (mnli) on large and target "
        "phases: 8 steps of 32 rows.",
        "Intermediate phases of arm chain (snli) on large: 9 steps of 32 rows.",
    )


def test_pretraining_alone_tells_how_much_is_masked_and_patience_how_it_ends(tmp_path: Path) -> None:
    override = "[{where: {role: pretrain}, steps: 40, mlm_probability: 0.2}, {where: {role: target}, patience: 3}]"
    recipe = f"{{default: {{steps: 8, max_length: 32}}, override: {override}}}"
    select = "{rule: best, every: 50, sample: 40}"
    found = said(world_of(tmp_path, recipe=recipe, select=select))
    pretraining, intermediate, target = found["Training"].items
    assert pretraining == "Pretraining: 40 steps of 32 rows; 20% of the sub-tokens predicted."
    assert "predicted" not in intermediate
    assert "ended early when 3 looks in a row at validation data, 50 steps apart, found no better score" in target
    chosen = found["Checkpoints"].text
    assert "Every 50 steps" in chosen and "at most 40 rows" in chosen and "validation/en data" in chosen
    assert "Training on world_text is not scored" in chosen


def test_the_last_checkpoint_needs_one_sentence(tmp_path: Path) -> None:
    assert said(open_with(tmp_path))["Checkpoints"].text == "Of every phase the checkpoint after its last step is used."


def test_a_grid_search_in_words(tmp_path: Path) -> None:
    tune = "{learning_rate: [1e-5, 5e-5], seeds: [1, 2], targets: [udpos]}"
    found = said(open_with(tmp_path, **TUNED, tune=tune))
    text = found["Search"].text
    assert "of udpos was chosen by a grid search over 1e-5 and 5e-5; one value for each model and each target." in text
    assert "arm none with seeds 1 and 2, used for nothing else" in text
    assert "validation/en" in text and "ASHA" not in text
    assert found["Search"].items == ("udpos on tiny: not chosen yet.",)
    tuned = [item for item in found["Training"].items if "found by search" in item]
    assert [item.partition(":")[0] for item in tuned] == ["Target phases of udpos"]


def test_a_random_search_with_asha_in_words(tmp_path: Path) -> None:
    drawn = "{low: 1e-5, high: 1e-3, trials: 4}"
    tune = f"{{learning_rate: {drawn}, scheduler: {{asha: 2, factor: 2}}, seeds: [1], per: [target]}}"
    opened = open_with(tmp_path, **TUNED, tune=tune)
    chosen = {experiment.key: {"learning_rate": 2e-4} for experiment in opened.plan.experiments}
    opened = Opened(opened.study, opened.lock, opened.store, plan(opened.study, opened.lock, chosen))
    rows = [{"state": "pruned"}, {"state": "pruned"}, {"state": "finished"}]
    found = said(opened, decisions=rows)
    text = found["Search"].text
    assert "a random search: 4 values drawn from 1e-5 to 1e-3, evenly on a logarithmic scale" in text
    assert "after 25% and 50% of its steps a trial goes on only if it is among the best 1/2" in text
    assert text.endswith("2 trials of 8 ended early.")
    assert found["Search"].items == ("xnli on tiny: 2e-4.", "udpos on tiny: 2e-4.")
    cited = "".join(found["Methods used"].items)
    assert "arXiv 1810.05934" in cited and "Bergstra" in cited


def test_a_search_by_optuna_in_words(tmp_path: Path) -> None:
    tune = "{learning_rate: {low: 1e-5, high: 1e-3}, algorithm: optuna, trials: 6, seeds: [1], targets: [udpos]}"
    text = said(open_with(tmp_path, **TUNED, tune=tune))["Search"].text
    assert "TPE (Bergstra et al. 2011), by Optuna: 6 values from 1e-5 to 1e-3, each proposed by what those" in text


def test_an_exploration_in_words(tmp_path: Path) -> None:
    explore = "{space: {arms: [none, snli], mix: {mnli: uniform, snli: uniform}}, trials: 3, confirm: 2, seeds: [1]}"
    opened = open_with(tmp_path, **TUNED, explore=explore)
    waiting = said(opened)["Exploration"]
    assert "3 trials over arm, mix.mnli and mix.snli" in waiting.text and "No trial is a result" in waiting.text
    assert waiting.items == ("Nothing is found yet.",)
    (experiment,) = opened.plan.experiments
    arms = {"explored-1": {"arm": "mix", "mix.mnli": 0.25, "mix.snli": 0.75}, "explored-2": {"arm": "snli"}}
    decided = Opened(opened.study, opened.lock, opened.store, plan(opened.study, opened.lock, {experiment.key: arms}))
    assert said(decided)["Exploration"].items == (
        "explored-1: arm mix, mix.mnli 0.25 and mix.snli 0.75.",
        "explored-2: arm snli.",
    )
