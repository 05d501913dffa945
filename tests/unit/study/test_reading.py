"""A good study: YAML 1.2, short forms, what a field stands for when it is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.unit.study.made import study
from xfer.errors import StudyError
from xfer.study.arms import MixArm, NoArm, TaskArm
from xfer.study.schema import ModelRef


def test_no_is_norwegian_and_not_false(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="unknown task 'no'"):
        study(tmp_path, targets="[no]")
    assert study(tmp_path, arms="[none, {name: no, task: mnli}]").arms[1].name == "no"


@pytest.mark.parametrize(
    ("written", "value"), [("1e-5", 1e-5), ("1E-5", 1e-5), ("2.5e-05", 2.5e-5), ("1", 1.0), (".5", 0.5)]
)
def test_numbers_of_yaml_1_2_are_numbers(tmp_path: Path, written: str, value: float) -> None:
    rate = study(tmp_path, recipe=f"{{default: {{steps: 8, learning_rate: {written}}}}}").recipe.default
    assert rate.model_dump()["learning_rate"] == value


def test_a_leading_zero_is_no_octal(tmp_path: Path) -> None:
    assert study(tmp_path, seeds="[011]").seeds == (11,)


def test_on_is_a_field_and_not_true(tmp_path: Path) -> None:
    assert study(tmp_path, select="{rule: best, on: validation/de}").select.on == "validation/de"


def test_short_forms_are_spelled_out(tmp_path: Path) -> None:
    arms = "[none, mnli, {task: snli}, {name: s, task: snli, group: nli}, {name: m, mix: [mnli, snli]}]"
    found = study(tmp_path, arms=arms, models="[tiny, {id: large, revision: abc}]")
    assert found.models == (ModelRef(id="tiny"), ModelRef(id="large", revision="abc"))
    assert found.arms == (
        NoArm(),
        TaskArm(name="mnli", task="mnli"),
        TaskArm(name="snli", task="snli"),
        TaskArm(name="s", task="snli", group="nli"),
        MixArm(name="m", mix=("mnli", "snli")),
    )


def test_an_anchor_stands_for_what_it_names(tmp_path: Path) -> None:
    recipe = "{default: &it {steps: 8, batch_size: 16}, override: [{where: {role: intermediate}, <<: *it}]}"
    found = study(tmp_path, recipe=recipe)
    assert found.recipe.of("intermediate", ("mnli",), "tiny") == found.recipe.of("target", ("xnli",), "tiny")


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    found = study(tmp_path, storage=None)
    assert found.storage == "./runs"
    assert found.select.rule == "last"
    assert found.tune is None
    assert [(entry.tasks, entry.languages, entry.splits) for entry in found.evaluate] == [
        ("all", "all", ("validation", "test"))
    ]
    assert found.resources.of("target", ("xnli",), "tiny").ranks == 1


def test_a_study_knows_its_file_and_the_place_of_each_value(tmp_path: Path) -> None:
    found = study(tmp_path)
    path = tmp_path / "study.yaml"
    assert found.path == path
    assert found.where("arms", 2) == f"{path}:5:20"
    assert found.where("recipe", "default", "batch_size") == f"{path}:7:30"
    assert found.where("tune", "seeds", 0) == f"{path}:1:1", "the nearest thing around it that exists"


def test_a_study_cannot_be_changed(tmp_path: Path) -> None:
    found = study(tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        found.seeds = (1,)  # type: ignore[misc]
