"""What is wrong with a study file is said with its place and what to do. A § marks the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import place_of_mark, text, text_with
from xfer.errors import Problem, StudyError
from xfer.study import reading

TUNE = "tune: {learning_rate: [1e-3, 1e-4], "
NAMES = {
    "an unknown task as arm": ("arms: [none, §mlni]", "unknown task 'mlni'", "did you mean mnli"),
    "an unknown task as target": ("targets: [xnli, §xnil]", "unknown task 'xnil'", "did you mean xnli"),
    "an unknown task in a mix": (
        "arms: [none, {name: m, mix: [mnli, §snil]}]", "unknown task 'snil'", "did you mean snli",
    ),
    "an unknown task of a named arm": (
        "arms: [none, {name: m, §task: snil}]", "unknown task 'snil'", "did you mean snli",
    ),
    "a target's test sets as an arm": ("arms: [none, §xnli]", "'xnli' has no training data", "use mnli"),
    "retrieval as an arm": ("arms: [none, §tatoeba]", "'tatoeba' has no training data", "a task with training data"),
    "an arm twice": ("arms: [none, §mnli, mnli]", "'mnli' stands there 2 times", "once"),
    "a target twice": ("targets: [§xnli, xnli]", "'xnli' stands there 2 times", "once"),
    "a seed twice": ("seeds: [11, §12, 12]", "'12' stands there 2 times", "once"),
    "a model twice": ("models: [§tiny, {id: tiny}]", "'tiny' stands there 2 times", "once"),
    "a task twice in a mix": ("arms: [none, {name: m, mix: [mnli, §mnli]}]", "mnli", "once"),
    "a task twice one after the other": (
        "arms: [none, {name: c, then: [mnli, snli, §mnli]}]", "arms.1.then: 'mnli' stands there 2 times", "once",
    ),
    "an unknown task that comes after another": (
        "arms: [none, {name: c, then: [mnli, §snil]}]", "unknown task 'snil'", "did you mean snli",
    ),
    "a target's test sets after another task": (
        "arms: [none, {name: c, then: [snli, §xnli]}]", "'xnli' has no training data", "use mnli",
    ),
    "an override for an unknown task": (
        "recipe: {default: {steps: 8}, override: [{where: {task: [§mlni]}, steps: 9}]}", "mlni", "mnli",
    ),
    "an override for an unknown model": (
        "recipe: {default: {steps: 8}, override: [{where: {§model: tinny}, steps: 9}]}", "tinny", "tiny",
    ),
    "evaluation of what is no target": ("evaluate: [{tasks: [xnli, §pawsx]}]", "'pawsx' is no target", "known are"),
    "a language that no task has": ("evaluate: [{languages: [de, §no]}]", "language 'no'", "known are"),
    "tune with a seed of the study": (TUNE + "seeds: [1, §11]}", "seed 11", "seeds of its own"),
    "tune with a seed twice": (TUNE + "seeds: [1, §1]}", "1", "once"),
    "tune with an unknown arm": (TUNE + "seeds: [1], arms: [§mnil]}", "unknown arm 'mnil'", "did you mean mnli"),
    "tune of an unknown target": (
        TUNE + "seeds: [1], targets: [§xnil]}", "unknown target 'xnil'", "did you mean xnli",
    ),
}  # fmt: skip

UNKNOWN_FIELDS = {
    "at the top": ("§sead: [1]", "'sead'", "seeds"),
    "of a later version: analysis": ("§analysis: {minimum_effect: 1}", "'analysis'", "known are"),
    "in keep": ("keep: {§weight: all}", "'weight'", "weights"),
    "in the default recipe": ("recipe: {default: {steps: 8, §learning_rat: 1}}", "'learning_rat'", "learning_rate"),
    "in an override": (
        "recipe: {default: {steps: 8}, override: [{where: {role: target}, §batchsize: 9}]}",
        "'batchsize'", "batch_size",
    ),
    "in where": ("recipe: {default: {steps: 8}, override: [{where: {§rol: target}}]}", "'rol'", "role"),
    "in resources": ("resources: {default: {§rank: 2}}", "'rank'", "ranks"),
    "in per_rank": ("resources: {default: {per_rank: {§gpus: 1}}}", "'gpus'", "gpu"),
    "in tune": (TUNE + "seeds: [1], §arm: [none]}", "'arm'", "arms"),
    "in evaluate": ("evaluate: [{§task: [xnli]}]", "'task'", "tasks"),
    "in a model": ("models: [{id: tiny, §revison: a}]", "'revison'", "revision"),
    "in an arm": ("arms: [none, {name: a, task: mnli, §grup: b}]", "'grup'", "name, group, and task, mix or then"),
    "of a later version, in an arm": (
        "arms: [none, {name: a, task: mnli, §budget: {steps: 9}}]", "'budget'", "'budget' comes with a later version",
    ),
    "of a later version, as an arm's form": (
        "arms: [none, §{name: a, checkpoint: org/model}]", "", "'checkpoint' comes with a later version",
    ),
}  # fmt: skip

VALUES = {
    "a negative batch size": (
        "recipe: {default: {steps: 8, §batch_size: -16}}", "recipe.default.batch_size: input should be greater", "",
    ),
    "a word as learning rate": ("recipe: {default: {steps: 8, §learning_rate: fast}}", "not 'fast'", ""),
    "an endless learning rate": ("recipe: {default: {steps: 8, §learning_rate: .inf}}", "learning_rate", ""),
    "true as a number": ("recipe: {default: {steps: 8, §batch_size: true}}", "batch_size", ""),
    "true as a seed": ("seeds: [§true]", "seeds.0", ""),
    "a negative seed": ("seeds: [§-1]", "seeds.0: input should be greater", ""),
    "no arms": ("§arms: []", "arms: tuple should have at least 1 item", ""),
    "no arm none": ("§arms: [mnli]", "there is no arm 'none'", "every other arm is compared with it"),
    "a number as arm": ("arms: [none, §3]", "not an arm; known forms are", ""),
    "an arm without a form": ("arms: [none, §{name: a}]", "not an arm; known forms are", ""),
    "one task after no other": (
        "arms: [none, {name: c, §then: [mnli]}]", "arms.1.then: tuple should have at least 2 items", "",
    ),
    "a mix after a task": (
        "arms: [none, {name: c, then: [mnli, §{mix: [snli, panx]}]}]", "arms.1.then.1: input should be a valid", "",
    ),
    "a recipe that does not fit one task of several": (
        "arms: [none, {name: c, then: [snli, mnli]}]\n"
        "§recipe: {default: {steps: 8}, override: [{where: {role: intermediate, task: mnli}, micro_batch_size: 64}]}",
        "intermediate mnli: micro_batch_size 64 is larger", "override",
    ),
    "a mix of one": ("arms: [none, {name: m, §mix: [mnli]}]", "arms.1.mix: tuple should have at least 2 items", ""),
    "an unknown role": (
        "recipe: {default: {steps: 8}, override: [{where: {§role: targets}}]}", "'intermediate' or 'target'", "",
    ),
    "a number as task in where": (
        "recipe: {default: {steps: 8}, override: [{where: {task: [§1]}}]}", "recipe.override.0.where.task.0", "",
    ),
    "an override of all": ("recipe: {default: {steps: 8}, override: [§{steps: 9}]}", "'where' is missing", "add"),
    "steps and epochs": ("§recipe: {default: {steps: 8, epochs: 2}}", "exactly one of steps and epochs", "override"),
    "neither steps nor epochs": ("§recipe: {default: {}}", "exactly one of steps and epochs", "override"),
    "a micro-batch larger than the batch": (
        "§recipe: {default: {steps: 8, batch_size: 4, micro_batch_size: 8}}", "micro_batch_size 8 is larger", "",
    ),
    "a target's recipe that does not fit, by what it trains on": (
        "§recipe: {default: {steps: 8}, override: [{where: {role: target, task: mnli}, micro_batch_size: 64}]}",
        "target xnli: micro_batch_size 64 is larger", "override",
    ),
    "bf16 without ZeRO": (
        "recipe: {default: {steps: 8}}\n§resources: {default: {zero_stage: 0}}",
        "zero_stage 0 cannot train in bf16", "zero_stage 1",
    ),
    "training data for evaluation": ("evaluate: [{splits: [§train]}]", "not 'train'", ""),
    "weights of some kind": ("keep: {§weights: some}", "keep.weights: input should be 'all', 'intermediate' or", ""),
    "true as what to keep": ("keep: {§weights: true}", "keep.weights: true and false are no values", ""),
    "what to keep without saying of what": ("§keep: none", "keep: input should be a valid dictionary", ""),
    "a name with a space": ("§study: Small Study", "not 'Small Study'", ""),
}  # fmt: skip

CASES = {**NAMES, **{f"unknown field {name}": case for name, case in UNKNOWN_FIELDS.items()}, **VALUES}


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(StudyError) as raised:
        reading.read(path)
    return raised.value.problems


@pytest.mark.parametrize("name", CASES)
def test_a_bad_study_is_refused_with_place_problem_and_fix(tmp_path: Path, name: str) -> None:
    lines, what, fix = CASES[name]
    content, place = place_of_mark(text_with(lines))
    path = tmp_path / "study.yaml"
    path.write_text(content)
    (found,) = problems(path)
    assert found.where == f"{path}:{place}"
    assert what in found.what
    assert fix in found.fix


def test_an_arm_called_none_with_a_task_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text(arms="[{name: none, task: mnli}, snli]"))
    found = {problem.what: problem for problem in problems(path)}
    assert found["'none' is the arm without an intermediate task"].where == f"{path}:5:8"
    assert found["there is no arm 'none'"].where == f"{path}:5:1"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text(seeds="[1, x]", carry="heads", kept="{}", study=None))
    assert {(p.where.removeprefix(f"{path}:"), p.what) for p in problems(path)} == {
        ("1:1", "field 'study' is missing"),
        ("2:12", "seeds.1: input should be a valid integer, unable to parse string as an integer, not 'x'"),
        ("7:1", "carry: input should be 'encoder', not 'heads'"),
        ("8:1", "unknown field 'kept'"),
    }


def test_every_name_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text(arms="[none, mlni, xnli]", targets="[udpos, udpos]", evaluate="[{tasks: [panx]}]"))
    assert [p.where.removeprefix(f"{path}:") for p in problems(path)] == ["5:14", "5:20", "6:11", "8:21"]


def test_a_mistake_in_every_item_of_a_list_does_not_make_the_list_empty(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text(seeds="[-1]"))
    assert [p.what for p in problems(path)] == ["seeds.0: input should be greater than or equal to 0, not -1"]


def test_an_arm_that_trains_nothing_needs_no_recipe(tmp_path: Path) -> None:
    overrides = "[{where: {role: target}, steps: 8}, {where: {role: intermediate, task: [mnli, snli]}, steps: 9}]"
    path = tmp_path / "study.yaml"
    path.write_text(text(recipe=f"{{default: {{batch_size: 16}}, override: {overrides}}}"))
    assert reading.read(path).recipe.of("intermediate", ("mnli",), "tiny").steps == 9


FILES = {
    "broken YAML": ("study: [small\nseeds: [1]\n", ":2:6", "expected ',' or ']'"),
    "a duplicate key": ("study: a\nseeds: [1]\nstudy: b\n", ":3:1", 'duplicate key "study"'),
    "a tab": ("study: a\n\tseeds: [1]\n", ":2:1", "found character"),
    "a list": ("- study\n", "", "a study is a mapping"),
    "a word": ("study\n", "", "a study is a mapping"),
    "an empty file": ("", "", "a study is a mapping"),
    "a comment only": ("# later\n", "", "a study is a mapping"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_study_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    content, place, what = FILES[name]
    path = tmp_path / "study.yaml"
    path.write_text(content)
    (found,) = problems(path)
    assert found.where == f"{path}{place}"
    assert what in found.what
    assert found.fix


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert problems(path) == (Problem(str(path), "there is no such file", "give the path of a study"),)


@pytest.mark.parametrize("content", [b"study: \xff\xfe", None], ids=["not UTF-8", "a folder"])
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "study.yaml"
    path.mkdir() if content is None else path.write_bytes(content)
    (found,) = problems(path)
    assert found.where == str(path)
    assert found.what.startswith("cannot read it")
