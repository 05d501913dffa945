"""Costs by hand: 160 rows, 120 of 16 sub-tokens and 40 of 48; 600 parameters besides embeddings, 2 layers of 8."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import lock, phases, planned, whole_lock
from xfer.phase.phase import Phase
from xfer.study.cost import Cost, cost, total, unknown


def recipe(length: int, **values: object) -> str:
    fields = {"batch_size": 16, "max_length": length, "precision": "fp32", **values}
    return "{default: {" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}}"


def the_phase(folder: Path, what: str, **fields: str) -> Phase:
    found = planned(folder, seeds="[1]", targets="[xnli]", **fields)
    return phases(found, "intermediate", what)[0]


def test_steps_times_rows_times_mean_length(tmp_path: Path) -> None:
    phase = the_phase(tmp_path, "snli", recipe=recipe(48, steps=8))
    mean = (120 * 16 + 40 * 48) / 160
    assert mean == 24
    tokens = 8 * 16 * 24
    assert cost(phase, "tiny", 1, lock()) == Cost(
        steps=8, tokens=tokens, flops=tokens * (6 * 600 + 12 * 2 * 8 * 24), disk=4 * 1000
    )


def test_what_is_longer_than_the_recipe_allows_is_cut(tmp_path: Path) -> None:
    phase = the_phase(tmp_path, "snli", recipe=recipe(32, steps=8))
    mean = (120 * 16 + 40 * 32) // 160
    found = cost(phase, "tiny", 1, lock())
    assert found.tokens == 8 * 16 * mean
    assert found.flops == found.tokens * (3600 + 192 * mean)


def test_epochs_count_rows(tmp_path: Path) -> None:
    phase = the_phase(tmp_path, "snli", recipe=recipe(48, epochs=2))
    found = cost(phase, "tiny", 1, lock())
    assert found.steps == 2 * 160 / 16
    assert found.tokens == 2 * 160 * 24


def test_a_batch_larger_than_the_data_holds_all_of_them_once(tmp_path: Path) -> None:
    phase = the_phase(tmp_path, "snli", recipe=recipe(48, epochs=3, batch_size=1000))
    found = cost(phase, "tiny", 1, lock())
    assert (found.steps, found.tokens) == (3, 3 * 160 * 24)


def test_a_mix_takes_turns_so_its_lengths_are_averaged(tmp_path: Path) -> None:
    held = lock(changed={"mnli/en/train": {"lengths": {"tiny": {16: 160}}}})
    phase = the_phase(tmp_path, "mnli + snli", recipe=recipe(48, steps=8), arms="[none, {name: m, mix: [mnli, snli]}]")
    assert cost(phase, "tiny", 1, held).tokens == 8 * 16 * (16 + 24) / 2


def test_a_set_that_is_drawn_more_often_counts_for_more(tmp_path: Path) -> None:
    held = lock(changed={"mnli/en/train": {"lengths": {"tiny": {16: 160}}}})
    arms = "[none, {name: m, mix: [mnli, snli], sample: {weights: {mnli: 3, snli: 1}}}]"
    phase = the_phase(tmp_path, "mnli + snli", recipe=recipe(48, steps=8), arms=arms)
    mean = 0.75 * 16 + 0.25 * 24
    tokens = round(8 * 16 * mean)
    assert cost(phase, "tiny", 1, held) == Cost(8, tokens, tokens * (6 * 600 + 12 * 2 * 8 * mean), 4 * 1000)


@pytest.mark.parametrize("selections", [1, 3])
def test_every_checkpoint_that_stays_takes_disk(tmp_path: Path, selections: int) -> None:
    phase = the_phase(tmp_path, "snli", recipe=recipe(48, steps=8))
    assert cost(phase, "tiny", selections, lock()).disk == selections * 4 * 1000


def test_costs_add_up() -> None:
    assert Cost(1, 2, 3.0, 4) + Cost(10, 20, 30.0, 40) == Cost(11, 22, 33.0, 44)


def test_trials_that_are_not_known_yet_cost_as_much_as_the_dearest_like_them(tmp_path: Path) -> None:
    tune = "{learning_rate: {low: 1e-5, high: 1e-3}, algorithm: optuna, trials: 6, seeds: [1, 2], targets: [udpos]}"
    found, made = planned(tmp_path, tune=tune), whole_lock()
    (experiment,) = found.experiments
    number, spent = unknown(experiment, found.phases, made)
    assert (number, spent.steps) == (6, 6 * 2 * 8)
    more = found.also(experiment.key, experiment.trial({"learning_rate": 1e-4}))
    known = set(more.phases) - set(found.phases)
    assert len(known) == 2
    left, less = unknown(more.experiments[0], more.phases, made)
    assert (left, less.steps) == (5, 5 * 2 * 8)
    one = total((more.phases[key] for key in known), made)
    assert (6 * one.tokens, 6 * one.disk) == (spent.tokens, spent.disk)
    listed = planned(tmp_path, tune="{learning_rate: [1e-3, 1e-4], seeds: [1]}")
    assert unknown(listed.experiments[0], listed.phases, made) == (0, Cost()), "these are phases of the plan"


@pytest.mark.parametrize(("length", "stride", "inputs"), [(48, 16, 1.0), (32, 16, 1.25), (32, 128, 1.25), (16, 4, 3.0)])
def test_a_context_that_is_too_long_is_several_inputs(tmp_path: Path, length: int, stride: int, inputs: float) -> None:
    """Of 160 rows 120 have 16 sub-tokens and 40 have 48; a window begins a stride, or half an input, after another."""
    phase = the_phase(tmp_path, "snli", recipe=recipe(length, steps=8))
    held = lock(changed={"snli/en/train": {"stride": stride}})
    short, long = 120 * min(16, length), (160 * inputs - 120) * min(48, length)
    assert cost(phase, "tiny", 1, held).tokens == 8 * 16 * (short + long) / 160


def test_every_option_of_a_choice_is_an_input(tmp_path: Path) -> None:
    phase = the_phase(tmp_path, "hellaswag", recipe=recipe(48, steps=8), arms="[none, hellaswag]")
    held = lock(changed={"hellaswag/en/train": {"lengths": {"tiny": {24: 640}}}})
    assert cost(phase, "tiny", 1, held).tokens == 8 * 16 * 4 * 24
