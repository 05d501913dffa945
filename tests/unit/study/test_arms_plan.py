"""Parts of data, controls, mixtures and early ends in a plan: each has the keys that it deserves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.study.made import FIELDS, ROWS, all_keys, lock, phases, planned
from xfer.phase.selection import Rule
from xfer.study.plan import Plan

ONE = {"seeds": "[1]", "targets": "[udpos]"}
BASE = FIELDS["recipe"].removesuffix("}}")


def intermediates(found: Plan) -> dict[str, str]:
    """Key of the intermediate phase of each arm."""
    return {cell.arm: cell.phases[0] for cell in found.cells if len(cell.phases) == 2}


def test_few_examples_and_shuffled_labels_are_phases_of_their_own(tmp_path: Path) -> None:
    arms = (
        "[none, snli, {name: few, task: snli, examples: 50}, {name: fewer, task: snli, examples: 20},"
        " {name: control, task: snli, labels: shuffled}, {name: both, task: snli, examples: 50, labels: shuffled}]"
    )
    found = planned(tmp_path, **ONE, arms=arms)
    keys = intermediates(found)
    assert len(set(keys.values())) == 5
    (held,) = found.phases[keys["both"]].phase.trains_on
    assert (held.rows, held.examples, held.shuffled) == (50, 50, True)
    (whole,) = found.phases[keys["snli"]].phase.trains_on
    assert (whole.rows, whole.examples, whole.shuffled) == (ROWS, None, False)
    assert {cell.relation for cell in found.cells if cell.arm != "none"} == {"transfer"}


def test_as_many_examples_as_there_are_or_more_are_the_whole(tmp_path: Path) -> None:
    arms = f"[none, snli, {{name: all, task: snli, examples: {ROWS}}}, {{name: more, task: snli, examples: 99999}}]"
    assert len(set(intermediates(planned(tmp_path, **ONE, arms=arms)).values())) == 1


def test_a_target_of_few_examples_is_trained_apart_and_evaluated_on_the_same_data(tmp_path: Path) -> None:
    targets = "[xnli, {task: xnli, name: few, examples: 32}]"
    recipe = "{default: {epochs: 2, batch_size: 16, max_length: 32}, override: [{where: {task: few}, epochs: 3}]}"
    found = planned(tmp_path, seeds="[1]", targets=targets, arms="[none]", recipe=recipe)
    whole, few = found.cells
    assert (whole.target, few.target) == ("xnli", "few")
    assert [p.steps for p in phases(found, "target", "mnli")] == [2 * ROWS // 16]
    assert [p.steps for p in phases(found, "target", "mnli (32)")] == [3 * 2]
    data = [{found.evaluations[key].data for key in cell.evaluations} for cell in (whole, few)]
    assert data[0] == data[1] and set(whole.evaluations).isdisjoint(few.evaluations)


def mix_of(folder: Path, sample: str, rows: dict[str, int] | None = None) -> tuple[float, ...]:
    arms = f"[none, {{name: m, mix: [mnli, snli, panx], sample: {sample}}}]"
    changed: dict[str, dict[str, Any]] = {f"{t}/en/train": {"rows": n} for t, n in (rows or {}).items()}
    (phase,) = phases(planned(folder, lock(changed=changed), **ONE, arms=arms), "intermediate", "mnli + snli + panx")
    return phase.weights


SIZES = {"mnli": 100, "snli": 400, "panx": 2500}


@pytest.mark.parametrize(
    ("sample", "weights"),
    [
        ("{}", (1 / 3, 1 / 3, 1 / 3)),
        ("{cap: 400}", (1 / 9, 4 / 9, 4 / 9)),
        ("{cap: 100}", (1 / 3, 1 / 3, 1 / 3)),
        ("{temperature: 1}", (1 / 30, 4 / 30, 25 / 30)),
        ("{temperature: 2}", (1 / 8, 2 / 8, 5 / 8)),
        ("{weights: {panx: 1, mnli: 3, snli: 4}}", (0.375, 0.5, 0.125)),
    ],
)
def test_a_mixs_weights_follow_from_the_rows_in_the_lock(
    tmp_path: Path, sample: str, weights: tuple[float, ...]
) -> None:
    assert mix_of(tmp_path, sample, SIZES) == pytest.approx(weights)


def test_weights_by_name_do_not_look_at_rows_or_at_their_own_order(tmp_path: Path) -> None:
    weights = mix_of(tmp_path, "{weights: {panx: 1, mnli: 3, snli: 4}}", SIZES)
    assert weights == mix_of(tmp_path, "{weights: {mnli: 6, snli: 8, panx: 2}}")


def test_a_mixs_key_depends_on_the_weights_and_not_on_how_they_are_said(tmp_path: Path) -> None:
    samples = ["{}", "{cap: 10}", "{weights: {mnli: 2, snli: 2}}", "{temperature: 7}", "{weights: {mnli: 1, snli: 2}}"]
    arms = ", ".join(f"{{name: m{i}, mix: [mnli, snli], sample: {sample}}}" for i, sample in enumerate(samples))
    keys = intermediates(planned(tmp_path, **ONE, arms=f"[none, {arms}]"))
    assert len({keys[f"m{i}"] for i in range(4)}) == 1, "the sets are equally large"
    assert keys["m4"] != keys["m0"]


def with_patience(folder: Path, where: str = "{role: target}", **fields: str) -> Plan:
    recipe = f"{BASE}}}, override: [{{where: {where}, patience: 2}}]}}"
    return planned(folder, **{**ONE, "select": "{rule: last, every: 4, sample: 20}", **fields, "recipe": recipe})


def test_patience_looks_at_the_validation_data_of_what_is_trained_on(tmp_path: Path) -> None:
    found = with_patience(tmp_path, targets="[xnli]", arms="[none, snli]")
    on = lock().data_set("mnli", "en", "validation").part(20)
    for phase in phases(found, "target", "mnli"):
        assert phase.until == Rule("best", (on,), (("accuracy", 1),), 4)
        assert list(found.phases[phase.key].rules) == ["last"], "its looks choose no checkpoint"
    assert [phase.until for phase in phases(found, "intermediate", "snli")] == [None]


def test_looks_of_another_number_of_rows_or_steps_are_other_phases(tmp_path: Path) -> None:
    selects = ["{every: 4, sample: 20}", "{every: 5, sample: 20}", "{every: 4, sample: 21}", "{every: 4, sample: 0}"]
    keys = [all_keys(with_patience(tmp_path, arms="[none]", select=select)) for select in selects]
    assert len(set.union(*keys)) == sum(map(len, keys))


def test_without_patience_the_looks_are_no_part_of_a_phase(tmp_path: Path) -> None:
    one, other = (planned(tmp_path, **ONE, select=f"{{every: {every}}}") for every in (4, 5))
    assert one.phases.keys() == other.phases.keys()


def test_a_mix_with_patience_waits_for_the_tasks_that_have_a_score(tmp_path: Path) -> None:
    found = with_patience(tmp_path, "{role: intermediate}", arms="[none, {name: m, mix: [snli, world_text]}]")
    (phase,) = phases(found, "intermediate", "snli + world_text")
    assert phase.until is not None and phase.until.selected_by == "snli/validation/en"
