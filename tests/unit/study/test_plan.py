"""The grid, what its cells share, and what a plan refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import lock, phases, planned
from xfer.errors import LockError, UserError
from xfer.phase.selection import Selection


def test_the_grid_is_model_x_arm_x_target_x_seed(tmp_path: Path) -> None:
    found = planned(tmp_path, lock(["tiny", "large"]), models="[tiny, large]", targets="[xnli, udpos]")
    places = [(cell.model, cell.arm, cell.target, cell.seed) for cell in found.cells]
    assert len(places) == len(set(places)) == 2 * 3 * 2 * 2
    assert all(cell.evaluations and cell.decided for cell in found.cells)


def test_a_phase_is_trained_once_for_every_cell_that_needs_it(tmp_path: Path) -> None:
    found = planned(tmp_path)
    intermediate = [p for p in found.phases.values() if "intermediate" in p.roles]
    assert sorted((p.phase.name, p.phase.seed, p.cells) for p in intermediate) == [
        ("mnli", 11, 4), ("mnli", 12, 4), ("snli", 11, 3), ("snli", 12, 3),
    ], "that of mnli is also what xnli trains on under none"  # fmt: skip


def test_targets_that_train_on_the_same_data_share_their_phase(tmp_path: Path) -> None:
    found = planned(tmp_path, arms="[none]", seeds="[1]", targets="[xnli, mnli]")
    (phase,) = phases(found, "target", "mnli")
    assert [cell.phases for cell in found.cells] == [(phase.key,), (phase.key,)]
    assert found.phases[phase.key].cells == 2
    assert {e.data.task for e in found.evaluations.values()} == {"xnli", "mnli"}
    assert {e.head for e in found.evaluations.values()} == {"mnli"}


def test_an_arm_and_a_target_with_one_payload_are_one_phase(tmp_path: Path) -> None:
    found = planned(tmp_path, arms="[none, mnli]", seeds="[1]", targets="[xnli]")
    none, mnli = found.cells
    assert found.phases[none.phases[0]].roles == {"intermediate", "target"}
    assert mnli.phases[0] == none.phases[0]
    assert len(found.phases) == 2


def test_an_arm_with_a_recipe_of_its_own_is_not_the_targets_phase(tmp_path: Path) -> None:
    recipe = "{default: {steps: 8, max_length: 32}, override: [{where: {role: intermediate}, steps: 9}]}"
    found = planned(tmp_path, arms="[none, mnli]", seeds="[1]", targets="[xnli]", recipe=recipe)
    assert len(found.phases) == 3
    assert [p.steps for p in phases(found, "intermediate", "mnli")] == [9]
    assert [p.steps for p in phases(found, "target", "mnli")] == [8, 8]


def test_a_target_starts_from_its_arms_checkpoint_and_the_arm_from_the_model(tmp_path: Path) -> None:
    found = planned(tmp_path, arms="[none, snli]", seeds="[1]", targets="[udpos]")
    none, snli = found.cells
    assert found.phases[none.phases[0]].phase.start == Selection(model="weights of tiny")
    first, second = (found.phases[key].phase for key in snli.phases)
    assert first.start == Selection(model="weights of tiny")
    assert second.start == Selection(phase=first.key)
    assert snli.subject == Selection(phase=second.key)


def test_a_mix_is_one_phase_of_several_data_sets(tmp_path: Path) -> None:
    found = planned(tmp_path, arms="[none, {name: m, mix: [mnli, snli]}]", seeds="[1]")
    (phase,) = phases(found, "intermediate", "mnli + snli")
    assert [(data.task, data.language, data.split) for data in phase.trains_on] == [
        ("mnli", "en", "train"),
        ("snli", "en", "train"),
    ]


def test_what_needs_no_training_is_one_cell_whatever_the_number_of_seeds(tmp_path: Path) -> None:
    found = planned(tmp_path, seeds="[1, 2, 3]", targets="[tatoeba]", arms="[none, mnli]")
    assert [(cell.arm, cell.seed) for cell in found.cells] == [("none", None), ("mnli", 1), ("mnli", 2), ("mnli", 3)]
    none = found.cells[0]
    assert none.phases == ()
    assert none.subject == Selection(model="weights of tiny")


def test_retrieval_is_asked_of_the_arms_checkpoint_without_a_head(tmp_path: Path) -> None:
    found = planned(tmp_path, seeds="[1]", targets="[tatoeba]", arms="[none, mnli]")
    arm = found.cells[1]
    assert [found.phases[key].roles for key in arm.phases] == [{"intermediate"}]
    assert [found.evaluations[key].head for key in arm.evaluations] == [""]


def test_every_language_and_split_that_the_lock_holds_is_evaluated(tmp_path: Path) -> None:
    found = planned(tmp_path, seeds="[1]", arms="[none]")
    assert {(e.data.task, e.data.language, e.data.split) for e in found.evaluations.values()} == {
        *(("xnli", language, split) for language in ("en", "de") for split in ("validation", "test")),
        *(("udpos", language, split) for language in ("en", "de") for split in ("validation", "test")),
        ("tatoeba", "de", "test"),
    }


def test_evaluate_narrows_tasks_languages_and_splits(tmp_path: Path) -> None:
    evaluate = "[{tasks: [xnli], languages: [de], splits: [test]}, {tasks: [udpos], languages: [en]}]"
    found = planned(tmp_path, seeds="[1]", arms="[none]", targets="[xnli, udpos]", evaluate=evaluate)
    assert sorted((e.data.task, e.data.language, e.data.split) for e in found.evaluations.values()) == [
        ("udpos", "en", "test"), ("udpos", "en", "validation"), ("xnli", "de", "test"),
    ]  # fmt: skip


def test_entries_that_overlap_ask_for_each_evaluation_once(tmp_path: Path) -> None:
    found = planned(tmp_path, evaluate="[{tasks: all}, {tasks: [xnli], splits: [test, test]}]")
    assert all(len(cell.evaluations) == len(set(cell.evaluations)) for cell in found.cells)


def test_parents_stand_before_their_children(tmp_path: Path) -> None:
    found = planned(tmp_path, tune="{learning_rate: [1e-3, 1e-4], seeds: [1], arms: [none, snli]}")
    seen = {""}
    for key, held in found.phases.items():
        assert held.phase.start.phase in seen
        seen.add(key)


@pytest.mark.parametrize(
    "fields",
    [{}, {"targets": "[tatoeba]", "arms": "[none]"}],
    ids=["where something is trained", "where nothing is trained"],
)
def test_more_than_the_model_takes_is_refused_with_the_limit(tmp_path: Path, fields: dict[str, str]) -> None:
    recipe = "{default: {steps: 8, max_length: 65}}"
    with pytest.raises(UserError) as raised:
        planned(tmp_path, lock(max_length=64), recipe=recipe, **fields)
    assert raised.value.where == f"{tmp_path / 'study.yaml'}:7:1"
    assert "max_length 65" in raised.value.what
    assert "64 or less" in raised.value.fix
    assert planned(tmp_path, lock(max_length=65), recipe=recipe, **fields).cells


NOT_LOCKED = {
    "an arm's task": ({"arms": "[none, mnli]"}, ["udpos"], "mnli/en/train"),
    "a target that trains on a task of its own": ({"arms": "[none]"}, ["mnli"], "udpos/en/train"),
    "a target whose training data are there": ({"arms": "[none, mnli]", "targets": "[xnli]"}, ["mnli"], "xnli"),
    "a target that trains on nothing": ({"arms": "[none, mnli]", "targets": "[tatoeba]"}, ["mnli"], "tatoeba"),
    "a model": ({"models": "[tiny, large]"}, None, "large"),
    "the split that checkpoints are chosen on": (
        {"arms": "[none]", "targets": "[xnli]", "select": "{rule: best, on: validation/de}"},
        None, "mnli/de/validation",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_LOCKED)
def test_what_the_study_names_and_the_lock_lacks_is_refused(tmp_path: Path, name: str) -> None:
    fields, tasks, what = NOT_LOCKED[name]
    with pytest.raises(LockError, match=what) as raised:
        planned(tmp_path, lock(tasks=tasks), **fields)
    assert "xfer lock" in raised.value.fix


def test_a_study_that_asks_for_more_than_its_lock_was_made_for_is_refused(tmp_path: Path) -> None:
    made = lock()
    narrow = made.model_copy(update={"asked": tuple(place for place in made.asked if "/sw/" not in place)})
    with pytest.raises(LockError, match="xnli/sw/validation is not in the lock"):
        planned(tmp_path, narrow, targets="[xnli]", evaluate="[{languages: [de, sw]}]")
    assert planned(tmp_path, narrow, targets="[xnli]", evaluate="[{languages: [de, en]}]").cells


def test_hidden_states_are_compared_at_more_layers_where_asked(tmp_path: Path) -> None:
    entry = "{tasks: [tatoeba], languages: all, splits: [test], layers: %s}"
    rest = "{tasks: [xnli], languages: all, splits: [test]}"
    own = lock().model("tiny").layers * 14 // 24
    for layers, others in (("all", [0, 1, 2]), ("[0, 2]", [0, 2]), ("[]", [])):
        found = planned(
            tmp_path, arms="[none]", seeds="[1]", targets="[xnli, tatoeba]", evaluate=f"[{entry % layers}, {rest}]"
        )
        (cell,) = (cell for cell in found.cells if cell.target == "tatoeba")
        asked = {found.evaluations[key].layer for key in cell.evaluations}
        assert asked == {None, *others} - {own}, "that of the task's depth is asked for without its number"
        assert {found.evaluations[key].layer for key in found.cells[0].evaluations} == {None}


def test_a_layer_that_a_model_does_not_have_is_told_with_its_place(tmp_path: Path) -> None:
    entry = "{tasks: all, languages: all, splits: [test], layers: [1, 3]}"
    with pytest.raises(UserError, match=r"study\.yaml:8:.*model tiny has no layer 3\n.*0 to 2"):
        planned(tmp_path, targets="[tatoeba]", evaluate=f"[{entry}]")
