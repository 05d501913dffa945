"""Which recipe and which resources a phase gets: the default, then every override that matches, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import study
from xfer.phase.recipe import Recipe
from xfer.phase.resources import PerRank


def recipe_of(folder: Path, overrides: str, role: str, tasks: tuple[str, ...], model: str = "tiny") -> Recipe:
    default = "{steps: 8, batch_size: 16, learning_rate: 1e-3}"
    found = study(folder, models="[tiny, large]", recipe=f"{{default: {default}, override: {overrides}}}")
    return found.recipe.of(role, tasks, model)


MATCHES = {
    "role": ("{role: target}", True),
    "another role": ("{role: intermediate}", False),
    "roles": ("{role: [intermediate, target]}", True),
    "the target's name": ("{task: xnli}", True),
    "what the target trains on": ("{task: mnli}", True),
    "one of several tasks": ("{task: [udpos, mnli]}", True),
    "another task": ("{task: udpos}", False),
    "model": ("{model: tiny}", True),
    "models": ("{model: [large, tiny]}", True),
    "another model": ("{model: large}", False),
    "all of them": ("{role: target, task: xnli, model: tiny}", True),
    "all but one": ("{role: target, task: xnli, model: large}", False),
    "nothing": ("{}", True),
}


@pytest.mark.parametrize("name", MATCHES)
def test_an_override_holds_where_every_given_field_matches(tmp_path: Path, name: str) -> None:
    where, matches = MATCHES[name]
    recipe = recipe_of(tmp_path, f"[{{where: {where}, batch_size: 32}}]", "target", ("xnli", "mnli"))
    assert recipe.batch_size == (32 if matches else 16)
    assert recipe.learning_rate == 1e-3


def test_a_mix_is_matched_by_any_of_its_tasks(tmp_path: Path) -> None:
    overrides = "[{where: {task: snli}, steps: 9}]"
    assert recipe_of(tmp_path, overrides, "intermediate", ("mnli", "snli")).steps == 9
    assert recipe_of(tmp_path, overrides, "intermediate", ("mnli",)).steps == 8


def test_the_later_override_wins_field_by_field(tmp_path: Path) -> None:
    overrides = (
        "[{where: {role: target}, batch_size: 32, learning_rate: 2e-3},"
        " {where: {task: xnli}, batch_size: 64}, {where: {task: udpos}, batch_size: 8}]"
    )
    recipe = recipe_of(tmp_path, overrides, "target", ("xnli", "mnli"))
    assert (recipe.batch_size, recipe.learning_rate, recipe.steps) == (64, 2e-3, 8)


def test_an_overrides_epochs_take_the_place_of_steps_and_back(tmp_path: Path) -> None:
    overrides = "[{where: {task: xnli}, epochs: 2}, {where: {model: large}, steps: 5}]"
    assert recipe_of(tmp_path, overrides, "target", ("xnli",)).model_dump(include={"steps", "epochs"}) == {
        "steps": None,
        "epochs": 2.0,
    }
    assert recipe_of(tmp_path, overrides, "target", ("xnli",), "large").model_dump(include={"steps", "epochs"}) == {
        "steps": 5,
        "epochs": None,
    }


def test_resources_are_overridden_likewise(tmp_path: Path) -> None:
    default = "{ranks: 4, zero_stage: 2, per_rank: {cpu: 3}}"
    book = f"{{default: {default}, override: [{{where: {{model: large}}, ranks: 2}}]}}"
    found = study(tmp_path, models="[tiny, large]", resources=book).resources
    assert found.of("target", ("xnli",), "tiny").shape == (4, 3, 0)
    assert found.of("target", ("xnli",), "large").shape == (2, 3, 0)
    assert found.of("target", ("xnli",), "large").zero_stage == 2


def test_an_override_of_per_rank_replaces_it_whole(tmp_path: Path) -> None:
    book = "{default: {per_rank: {cpu: 3}}, override: [{where: {}, per_rank: {gpu: 1}}]}"
    assert study(tmp_path, resources=book).resources.of("target", ("xnli",), "tiny").per_rank == PerRank(gpu=1, cpu=1)
