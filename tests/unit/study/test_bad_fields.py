"""What is wrong with targets, arms, models from scratch, tune and the world is said with its place. A § marks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import place_of_mark, text, text_with
from tests.unit.study.test_bad_studies import problems
from xfer.study import reading

MIX = "arms: [none, {name: m, mix: [mnli, snli], "
FRESH = "models: [{id: fresh, scratch: {size: nano, text: world_text, vocabulary: 64, seed: 5}}]"
RANGE = "tune: {seeds: [1], "

TARGETS = {
    "no examples": ("targets: [{task: xnli, §examples: 0}]", "targets.0.examples: input should be greater", ""),
    "an unknown field": ("targets: [{task: xnli, §exmples: 8}]", "'exmples'", "examples"),
    "one without a task": ("targets: [§{name: few}]", "'task' is missing", "add"),
    "one task twice without a name": (
        "targets: [§{task: xnli, examples: 8}, xnli]", "'xnli' stands there 2 times", "once",
    ),
    "an empty name": ("targets: [{task: xnli, §name: ''}]", "targets.0.name", ""),
    "one that nothing evaluates": (
        "targets: [xnli, §udpos]\nevaluate: [{tasks: [xnli]}]", "'udpos' is in no entry of evaluate", "add it",
    ),
    "text": ("targets: [§world_text]", "'world_text' has no score", "not be a target"),
    "examples where nothing is trained": (
        "targets: [{task: tatoeba, §examples: 8}]", "tatoeba", "leave",
    ),
}  # fmt: skip

ARMS = {
    "no examples": ("arms: [none, {name: a, task: mnli, §examples: 0}]", "arms.1.examples", ""),
    "unknown labels": ("arms: [none, {name: a, task: mnli, §labels: noise}]", "'gold' or 'shuffled'", ""),
    "shuffled labels where there are none": (
        "arms: [none, {name: a, §task: world_text, labels: shuffled}]", "no labels to shuffle", "leave it out",
    ),
    "a sample of one task": ("arms: [none, {name: a, task: mnli, §sample: {cap: 9}}]", "'sample'", ""),
    "two rules at once": (MIX + "§sample: {cap: 9, temperature: 2}}]", "one of cap, temperature and weights", ""),
    "all three at once": (
        MIX + "§sample: {cap: 9, temperature: 2, weights: {mnli: 1}}}]", "one of cap, temperature and weights", "",
    ),
    "weights that are all zero": (MIX + "§sample: {weights: {mnli: 0, snli: 0}}}]", "all weights are zero", ""),
    "no weights at all": (MIX + "§sample: {weights: {}}}]", "all weights are zero", ""),
    "a negative weight": (MIX + "sample: {weights: {§mnli: -1, snli: 1}}}]", "greater than or equal to 0", ""),
    "an endless weight": (MIX + "sample: {weights: {§mnli: .inf, snli: 1}}}]", "finite", ""),
    "a cap of nothing": (MIX + "sample: {§cap: 0}}]", "arms.1.sample.cap", ""),
    "a temperature of nothing": (MIX + "sample: {§temperature: 0}}]", "arms.1.sample.temperature", ""),
    "an endless temperature": (MIX + "sample: {§temperature: .inf}}]", "finite", ""),
    "an unknown rule": (MIX + "sample: {§tempratur: 2}}]", "'tempratur'", "temperature"),
    "a weight of what is not in the mix": (
        "arms: [none, §{name: m, mix: [mnli, snli], sample: {weights: {mnli: 1, snil: 1}}}]",
        "'snil', which is not in the mix", "",
    ),
    "a task of the mix without a weight": (
        "arms: [none, §{name: m, mix: [mnli, snli], sample: {weights: {mnli: 1}}}]", "gives 'snli' nothing", "",
    ),
    "examples of a mix": (MIX + "§examples: 9}]", "'examples'", "mix"),
}  # fmt: skip

MODELS = {
    "an unknown size": (FRESH.replace("size: nano", "§size: huge"), "'nano', 'tiny'", ""),
    "text that is a task of pairs": (FRESH.replace("text: world_text", "§text: mnli"), "no plain text", "world_text"),
    "text that nothing trains on": (FRESH.replace("text: world_text", "§text: tatoeba"), "no training data", ""),
    "an unknown text": (FRESH.replace("text: world_text", "§text: world_txt"), "'world_txt'", "mean world_text"),
    "hardly a vocabulary": (FRESH.replace("vocabulary: 64", "§vocabulary: 15"), "greater than or equal to 16", ""),
    "a negative seed": (FRESH.replace("seed: 5", "§seed: -5"), "models.0.scratch.seed", ""),
    "no seed": (FRESH.replace("scratch", "§scratch").replace(", seed: 5", ""), "'seed' is missing", "add"),
    "an unknown field": (FRESH.replace("seed: 5", "seed: 5, §vocab: 9"), "'vocab'", "vocabulary"),
    "pretrained on a task of pairs": (
        "models: [{id: tiny, pretrained_on: [world_text, §mnli]}]", "no plain text", "world_text",
    ),
    "pretrained on an unknown task": (
        "models: [{id: tiny, pretrained_on: [§world_txt]}]", "'world_txt'", "mean world_text",
    ),
    "pretrained on the same twice": (
        "models: [{id: tiny, pretrained_on: [world_text, §world_text]}]", "stands there 2 times", "once",
    ),
    "from scratch and pretrained": (
        FRESH.replace("id: fresh", "id: fresh, §pretrained_on: [world_text]"), "by the study itself", "scratch.text",
    ),
    "patience with text": (
        FRESH + "\n§recipe: {default: {steps: 8, patience: 3}}",
        "pretrain world_text: patience cannot end it", "override",
    ),
    "patience with text as an arm": (
        "arms: [none, world_text]\n§recipe: {default: {steps: 8, patience: 3}}",
        "intermediate world_text: patience cannot end it", "override",
    ),
    "an unknown text in where": (
        FRESH + "\nrecipe: {default: {steps: 8}, override: [{where: {task: [§world_txt]}, steps: 9}]}",
        "'world_txt'", "world_text",
    ),
}  # fmt: skip

TUNE = {
    "one value": (RANGE + "§learning_rate: [1e-3]}", "at least two values", ""),
    "no values": (RANGE + "§learning_rate: []}", "tune.learning_rate", ""),
    "a value twice": (RANGE + "§learning_rate: [1e-3, 1e-3]}", "tune.learning_rate", ""),
    "a value of zero": (RANGE + "learning_rate: [1e-3, §0]}", "tune.learning_rate.1", ""),
    "a word": (RANGE + "§learning_rate: fast}", "not 'fast'", ""),
    "a range upside down": (
        RANGE + "§learning_rate: {low: 1e-3, high: 1e-4, trials: 3}}", "low 0.001 is not below high 0.0001", "",
    ),
    "a range of nothing": (RANGE + "§learning_rate: {low: 1e-3, high: 1e-3, trials: 3}}", "is not below", ""),
    "a range without trials": (RANGE + "§learning_rate: {low: 1e-4, high: 1e-3}}", "{low, high, trials}", ""),
    "a range from nothing": (RANGE + "§learning_rate: {high: 1e-3, trials: 3}}", "{low, high, trials}", ""),
    "a range with values": (
        RANGE + "§learning_rate: {values: [1e-3, 1e-4], low: 1e-4, high: 1e-3, trials: 3}}", "{low, high, trials}", "",
    ),
    "trials of a list": (RANGE + "learning_rate: [1e-3, 1e-4], §trials: 4}", "is tried as it stands", "leave it out"),
    "an algorithm for a list": (
        RANGE + "learning_rate: [1e-3, 1e-4], §algorithm: optuna}", "is tried as it stands", "a range",
    ),
    "an unknown algorithm": (
        RANGE + "learning_rate: {low: 1e-4, high: 1e-3}, trials: 4, §algorithm: optunna}", "'random' or 'optuna'", "",
    ),
    "optuna without trials": (
        RANGE + "§learning_rate: {low: 1e-4, high: 1e-3}, algorithm: optuna}", "{low, high, trials}", "how many",
    ),
    "trials said twice": (
        RANGE + "learning_rate: {low: 1e-4, high: 1e-3, trials: 4}, §trials: 5}", "how many trials, too", "once",
    ),
    "one trial of a range": (RANGE + "learning_rate: {low: 1e-4, high: 1e-3}, §trials: 1}", "tune.trials", ""),
    "one trial": (RANGE + "learning_rate: {low: 1e-4, high: 1e-3, §trials: 1}}", "learning_rate.trials", ""),
    "an unknown field": (RANGE + "learning_rate: {low: 1e-4, §hihg: 1e-3, trials: 3}}", "'hihg'", "high"),
    "an unknown scheduler": (RANGE + "learning_rate: [1e-3, 1e-4], §scheduler: pbt}", "not 'pbt'", ""),
    "no rungs": (RANGE + "learning_rate: [1e-3, 1e-4], scheduler: {§asha: 0}}", "scheduler.asha", ""),
    "a factor of one": (RANGE + "learning_rate: [1e-3, 1e-4], scheduler: {asha: 1, §factor: 1}}", "factor", ""),
    "an unknown field of asha": (RANGE + "learning_rate: [1e-3, 1e-4], scheduler: {§rungs: 2}}", "'rungs'", "asha"),
    "a choice on test data": (RANGE + "learning_rate: [1e-3, 1e-4], §on: test/en}", "no validation data", ""),
    "a target that trains nothing": (
        RANGE + "learning_rate: [1e-3, 1e-4], targets: [xnli, §tatoeba]}", "tatoeba", "",
    ),
}  # fmt: skip

TRY = "explore: {seeds: [1], trials: 4, "
SPACE = TRY + "space: {arms: [none, snli], "
EXPLORE = {
    "nothing to try": (TRY + "§space: {}}", "give arms, or tasks of a mix", ""),
    "no space": ("§explore: {seeds: [1], trials: 4}", "'space' is missing", "add"),
    "no seeds": ("§explore: {trials: 4, space: {arms: [none, snli]}}", "'seeds' is missing", "add"),
    "no trials": ("§explore: {seeds: [1], space: {arms: [none, snli]}}", "'trials' is missing", "add"),
    "one trial": ("explore: {seeds: [1], §trials: 1, space: {arms: [none, snli]}}", "explore.trials", ""),
    "an unknown field": (TRY + "§spase: {arms: [none]}, space: {arms: [none, snli]}}", "'spase'", "space"),
    "an unknown field of the space": (TRY + "space: {§arm: [], arms: [none, snli]}}", "'arm'", "arms"),
    "an unknown arm": (TRY + "space: {arms: [none, §snl]}}", "unknown arm 'snl'", "snli"),
    "an arm twice": (TRY + "space: {arms: [none, §none]}}", "stands there 2 times", "once"),
    "nothing to choose": (TRY + "§space: {arms: [snli]}}", "nothing to choose", "more arms"),
    "a mixture of one": (TRY + "§space: {mix: {mnli: uniform}}}", "two tasks or more", ""),
    "an unknown task in the mix": (TRY + "space: {mix: {mnli: uniform, §snl: uniform}}}", "'snl'", "snli"),
    "a task that trains nothing": (TRY + "space: {mix: {mnli: uniform, §xnli: uniform}}}", "no training data", "mnli"),
    "an unknown weight": (TRY + "space: {mix: {mnli: uniform, §snli: normal}}}", "'uniform'", ""),
    "examples of what is not tried": (SPACE + "examples: {§mnli: [8, 16]}}}", "trains on 'mnli'", "snli"),
    "no examples": (SPACE + "examples: {snli: {§low: 0, high: 9}}}}", "examples.snli.low", ""),
    "half an example": (SPACE + "examples: {snli: [8, §16.5]}}}", "examples.snli.1", ""),
    "a range upside down": (SPACE + "examples: {§snli: {low: 9, high: 3}}}}", "low 9 is not below high 3", ""),
    "a range of one end": (SPACE + "examples: {§snli: {low: 9}}}}", "{low, high}", ""),
    "one value": (SPACE + "examples: {§snli: [8]}}}", "two different values", ""),
    "a value twice": (SPACE + "examples: {§snli: [8, 8]}}}", "two different values", ""),
    "an unknown recipe value": (SPACE + "recipe: {target: {§learning_rat: [1e-3, 1e-4]}}}}", "'learning_rate'", ""),
    "an unknown role": (SPACE + "recipe: {§pretrain: {steps: [8, 9]}}}}", "'pretrain'", "intermediate"),
    "a rate of zero": (SPACE + "recipe: {target: {§learning_rate: [0, 1e-4]}}}}", "greater than 0, not 0", "recipe"),
    "a warm-up of all": (
        SPACE + "recipe: {target: {§warmup: {low: 0, high: 1}}}}}", "less than 1, not 1", "recipe",
    ),
    "half a step": (SPACE + "recipe: {target: {§steps: [8, 9.5]}}}}", "whole numbers", "round"),
    "steps and epochs": (
        SPACE + "recipe: {target: {steps: [8, 9], §epochs: [1, 2]}}}}", "steps or epochs, not both", "leave one",
    ),
    "recipes of intermediate phases that are not": (
        TRY + "space: {arms: [none], recipe: {§intermediate: {steps: [8, 9]}}}}", "has an intermediate phase", "leave",
    ),
    "an unknown algorithm": (SPACE + "}, §algorithm: tpe}", "'optuna'", ""),
    "an unknown scheduler": (SPACE + "}, §scheduler: pbt}", "not 'pbt'", ""),
    "more confirmed than tried": (SPACE + "}, §confirm: 5}", "5 of 4 trials", "fewer"),
    "none confirmed": (SPACE + "}, §confirm: 0}", "explore.confirm", ""),
    "a seed of the study": (
        "explore: {seeds: [1, §12], trials: 4, space: {arms: [none, snli]}}", "seed 12 is also", "of its own",
    ),
    "a seed twice": ("explore: {seeds: [1, §1], trials: 4, space: {arms: [none, snli]}}", "2 times", "once"),
    "an unknown target": (SPACE + "}, targets: [§pawsy]}", "unknown target 'pawsy'", ""),
    "a target that trains nothing": (SPACE + "}, targets: [xnli, §tatoeba]}", "tatoeba", "leave it out"),
    "an unknown model": (SPACE + "}, models: [§tny]}", "unknown model 'tny'", "tiny"),
    "a choice on test data": (SPACE + "}, §on: test/en}", "no validation data", "validation/en"),
    "an arm called like one that is found": (
        "arms: [none, snli, §{name: explored-1, task: mnli}]\n" + SPACE + "}}", "an arm of its own", "another name",
    ),
    "nothing that is trained": ("targets: [tatoeba]\n§" + SPACE + "}}", "no target is trained", "add"),
}  # fmt: skip

WORLD = {
    "an unknown axis": ("world: {languages: {en: {§tones: 3}}}", "'tones'", "cognates"),
    "an axis written wrongly": ("world: {languages: {en: {}, xx: {§cognate: 1}}}", "'cognate'", "cognates"),
    "a share above one": ("world: {languages: {en: {}, xx: {§cognates: 2}}}", "less than or equal to 1", ""),
    "an unknown order": ("world: {languages: {en: {}, xx: {§order: OVS}}}", "'SVO', 'SOV' or 'VSO'", ""),
    "no rows": ("world: {rows: {§test: 0}}", "world.rows.test", ""),
    "more rows than can be said": ("§world: {rows: {nli: 9999999}}", "rows.nli: 9999999 rows asked", ""),
    "an unknown field": ("world: {§langauges: {en: {}}}", "'langauges'", "languages"),
}

ROOMS = {"target": TARGETS, "arm": ARMS, "model": MODELS, "tune": TUNE, "explore": EXPLORE, "world": WORLD}
CASES = {f"{room}: {name}": case for room, cases in ROOMS.items() for name, case in cases.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_field_is_one_problem_with_place_and_fix(tmp_path: Path, name: str) -> None:
    lines, what, fix = CASES[name]
    content, place = place_of_mark(text_with(lines))
    path = tmp_path / "study.yaml"
    path.write_text(content)
    (found,) = problems(path)
    assert found.where == f"{path}:{place}"
    assert what in found.what
    assert fix in found.fix


def test_a_world_without_english_is_no_feature_of_a_later_version(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text(world="{languages: {xx: {}}}"))
    (found,) = problems(path)
    assert found.where == f"{path}:8:1"
    assert "begin with en" in found.what
    assert "later version" not in found.fix


@pytest.mark.parametrize("where", ["{role: target}", "{role: [target, intermediate], task: mnli}"])
def test_patience_elsewhere_does_not_disturb_a_pretraining(tmp_path: Path, where: str) -> None:
    path = tmp_path / "study.yaml"
    recipe = f"{{default: {{steps: 8}}, override: [{{where: {where}, patience: 3}}]}}"
    path.write_text(text(models=FRESH.removeprefix("models: "), recipe=recipe))
    assert reading.read(path).recipe.of("pretrain", ("world_text",), "fresh").patience is None
    assert reading.read(path).recipe.of("target", ("xnli", "mnli"), "fresh").patience == 3
