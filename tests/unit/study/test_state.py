"""What of a plan is in the store: complete with weights or without, absent, or damaged; and what that asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.attempting import another_attempt
from tests.unit.store.stocked import train
from tests.unit.study.made import SCRATCH, from_scratch, lock, phases, planned
from xfer.phase.selection import Selection
from xfer.store import dropping, marks, records
from xfer.store.store import Store
from xfer.study import state
from xfer.study.plan import Plan, Planned

SELECT = "{rule: best, every: 4}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "runs"))


@pytest.fixture
def held(tmp_path: Path) -> Planned:
    """A phase of which two selections are wanted."""
    plan = planned(tmp_path, targets="[udpos]", arms="[none]", seeds="[11]")
    (found,) = plan.phases.values()
    best = planned(tmp_path, targets="[udpos]", arms="[none]", seeds="[11]", select=SELECT)
    found.rules.update(next(iter(best.phases.values())).rules)
    return found


def test_a_phase_is_complete_with_its_weights_and_without(store: Store, held: Planned) -> None:
    last, best = held.rules
    key = held.phase.key
    assert state.of_phase(store, held) == state.State(False, (), frozenset())
    train(store, key, {last: 8, best: 4})
    assert state.of_phase(store, held) == state.State(True, (), frozenset())
    dropping.drop(store, key, [best], "enough", set)
    assert state.of_phase(store, held) == state.State(True, (), frozenset({best}))
    store.delete(*store.names(f"phases/{key}/attempts/1/checkpoints/8"))
    found = state.of_phase(store, held)
    assert not found.complete and found.weightless == frozenset({best})
    assert [path for path, _ in found.damaged] == [records.selection_path(key, last)]


def test_phases_that_nobody_has_begun_are_absent_and_the_others_as_each_by_itself(store: Store, tmp_path: Path) -> None:
    plan = planned(tmp_path)
    assert set(state.of_phases(store, plan.phases).values()) == {state.ABSENT}
    done, begun, damaged, *_ = plan.phases
    train(store, done, {"last": 8})
    assert another_attempt(store, begun)
    train(store, damaged, {"last": 8})
    store.delete(*store.names(f"phases/{damaged}/attempts/1/checkpoints"))
    found = state.of_phases(store, plan.phases)
    assert found == {key: state.of_phase(store, held) for key, held in plan.phases.items()}
    assert found[done].complete and found[begun] == state.ABSENT and found[damaged].damaged


def test_weights_are_asked_for_one_selection_at_a_time(store: Store, held: Planned) -> None:
    (last, best), key = held.rules, held.phase.key
    checkpoints = {name: Selection(key, rule) for name, rule in held.rules.items()}
    assert not state.on_record(store, held) and not state.has_weights(store, checkpoints[last])
    train(store, key, {last: 8, best: 4})
    assert state.on_record(store, held, last) and state.has_weights(store, checkpoints[best])
    dropping.drop(store, key, [best], "enough", set)
    assert state.on_record(store, held) and state.on_record(store, held, last)
    assert not state.on_record(store, held, best) and not state.has_weights(store, checkpoints[best])
    assert state.has_weights(store, Selection(model="a pretrained one"))


def test_weights_that_have_a_mark_are_asked_for_their_checksums(store: Store, held: Planned) -> None:
    last, key = next(iter(held.rules)), held.phase.key
    attempt = train(store, key, dict.fromkeys(held.rules, 8))
    marks.put(store, store.get_json(records.selection_path(key, last)) or {}, "enough")
    assert state.on_record(store, held, last)
    path = f"{attempt.path}/checkpoints/8/model.safetensors"
    store.put(path, (store.get(path) or b"")[:-1] + b"?")
    assert not state.on_record(store, held, last)


def chained(folder: Path, **fields: str) -> Plan:
    """From text over snli to two targets, of which one trains nothing."""
    made = lock([from_scratch("fresh")])
    return planned(
        folder,
        made,
        None,
        models=f"[{SCRATCH}]",
        seeds="[11]",
        **{"arms": "[none, snli]", "targets": "[xnli]", **fields},
    )


def again(store: Store, plan: Plan) -> set[str]:
    found = {key: state.of_phase(store, held) for key, held in plan.phases.items()}
    return state.again(store, plan, state.needs(plan, ""), found)


def evaluate(store: Store, plan: Plan) -> None:
    for group, keys in state.needs(plan, "").evaluations.items():
        store.put(f"evaluations/{group}/n.json", b'{"format": 1, "evaluations": ["%s"]}' % '", "'.join(keys).encode())


def test_what_is_evaluated_asks_for_nothing_and_what_is_to_be_trained_for_all_before_it(
    tmp_path: Path, store: Store
) -> None:
    plan = chained(tmp_path)
    assert again(store, plan) == set(), "nothing is there"
    for key, held in plan.phases.items():
        train(store, key, dict.fromkeys(held.rules, 8))
        dropping.drop(store, key, list(held.rules), "enough", set)
    assert again(store, plan) == set(plan.phases), "everything is still to be evaluated"
    evaluate(store, plan)
    assert again(store, plan) == set()
    (parent,) = (phase.key for phase in phases(plan, "intermediate", "snli"))
    (child,) = (phase.key for phase in phases(plan, "target", "mnli") if phase.start.phase == parent)
    store.delete(records.record_path(child))
    (pretrain,) = (phase.key for phase in phases(plan, "pretrain", "world_text"))
    assert again(store, plan) == {pretrain, parent}
    another_attempt(store, parent)
    assert again(store, chained(tmp_path, targets="[xnli, udpos]")) == {pretrain, parent}
    store.delete(records.record_path(parent))
    assert again(store, plan) == {pretrain}, "what is not complete is trained anyway"


def test_a_new_evaluation_asks_for_its_own_checkpoint(tmp_path: Path, store: Store) -> None:
    plan = chained(tmp_path)
    for key, held in plan.phases.items():
        train(store, key, dict.fromkeys(held.rules, 8))
    evaluate(store, plan)
    more = chained(tmp_path, targets="[xnli, tatoeba]")
    (parent,) = (phase.key for phase in phases(more, "intermediate", "snli"))
    (target,) = (phase.key for phase in phases(plan, "target", "mnli") if phase.start.phase == parent)
    (pretrain,) = (phase.key for phase in phases(more, "pretrain", "world_text"))
    dropping.drop(store, target, ["last"], "enough", set)
    assert again(store, more) == set()
    dropping.drop(store, parent, ["last"], "enough", set)
    assert again(store, more) == {parent}
    dropping.drop(store, pretrain, ["last"], "enough", set)
    assert again(store, more) == {parent, pretrain}
