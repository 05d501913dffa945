"""Near misses: what has been trained that differs in little, and in what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.store.attempting import another_attempt
from tests.unit.study.made import phases, planned
from xfer.fingerprint import plain
from xfer.phase.phase import Phase
from xfer.phase.selection import Selection
from xfer.store import records
from xfer.store.store import Store
from xfer.study.misses import near_misses


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def phase(tmp_path: Path) -> Phase:
    (found,) = phases(planned(tmp_path, seeds="[1]"), "intermediate", "snli")
    return found


def trained(store: Store, *made: Phase) -> None:
    for phase in made:
        attempt = another_attempt(store, phase.key)
        assert records.commit(store, attempt, {}, {"payload": plain(phase)})


def told(store: Store, phase: Phase) -> dict[str, list[str]]:
    return {miss.phase: [str(difference) for difference in miss.differences] for miss in near_misses(store, phase)}


def test_a_phase_that_differs_in_one_value_is_told_with_it(store: Store, phase: Phase) -> None:
    other = replace(phase, recipe=phase.recipe.model_copy(update={"learning_rate": 2e-5}))
    trained(store, other)
    assert told(store, phase) == {other.key: ["recipe.learning_rate 2e-05, not 0.001"]}
    assert told(store, other) == {}, "itself is no near miss"


def test_a_value_that_one_of_them_has_not_is_none(store: Store, phase: Phase) -> None:
    epochs = replace(phase, recipe=phase.recipe.model_copy(update={"steps": None, "epochs": 3.0}))
    trained(store, epochs)
    assert sorted(told(store, phase)[epochs.key]) == ["recipe.epochs 3.0, not none", "recipe.steps none, not 8"]


def test_parts_of_data_are_told_by_name(store: Store, phase: Phase) -> None:
    (data,) = phase.trains_on
    few, control = (replace(phase, trains_on=(part,)) for part in (data.part(50), data.part(None, shuffled=True)))
    trained(store, few, control)
    assert told(store, phase) == {
        few.key: ["trains_on.0.examples 50, not none"],
        control.key: ["trains_on.0.shuffled True, not False"],
    }


def test_another_task_is_near_and_its_content_is_shortened(store: Store, phase: Phase) -> None:
    (data,) = phase.trains_on
    other = replace(phase, trains_on=(replace(data, task="mnli", data="another content of it"),))
    trained(store, other)
    assert told(store, phase) == {
        other.key: ["trains_on.0.task mnli, not snli", "trains_on.0.data another cont..., not content of s..."],
    }  # fmt: skip


def test_more_than_three_differences_are_no_near_miss(store: Store, phase: Phase) -> None:
    far = {"learning_rate": 2e-5, "clip": 0.5, "warmup": 0.2, "weight_decay": 0.1}
    recipes = [phase.recipe.model_copy(update=dict(list(far.items())[:n])) for n in (1, 2, 3, 4)]
    made = [replace(phase, recipe=recipe) for recipe in recipes]
    trained(store, *reversed(made))
    assert list(told(store, phase)) == [other.key for other in made[:3]], "the nearest first"


def test_versions_starts_and_weights_are_compared_as_well(store: Store, phase: Phase) -> None:
    seed, version = replace(phase, seed=2), replace(phase, versions={**phase.versions, "loop": 99})
    start = replace(phase, start=Selection(model="weights of another one"))
    trained(store, seed, version, start)
    now = phase.versions["loop"]
    assert told(store, phase) == {
        seed.key: ["seed 2, not 1"], version.key: [f"versions.loop 99, not {now}"],
        start.key: ["start.model weights of a..., not weights of tiny"],
    }  # fmt: skip


def test_what_is_not_complete_or_no_record_of_ours_is_passed_over(store: Store, phase: Phase) -> None:
    other = replace(phase, seed=2)
    another_attempt(store, other.key)
    assert told(store, phase) == {}, "nothing has been committed"
    store.put(records.record_path("cccccccccccc"), b'{"format": 1}')
    store.put(records.record_path("dddddddddddd"), b"not JSON")
    trained(store, other)
    assert list(told(store, phase)) == [other.key]
