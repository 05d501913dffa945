"""A store in every state: whatever happened to it, a sweep takes nothing that a study needs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.unit.store.attempting import another_attempt
from tests.unit.store.stocked import checkpoint, declare, evaluate, snap, swept
from xfer.store import dropping, experiments, marks, parts, records, snapshots, studies
from xfer.store.attempts import may_run
from xfer.store.snapshots import Snapshot
from xfer.store.store import Store

RULES = ("last", "best-1", "best-2")
KEYS = tuple(f"{number:012x}" for number in range(6))


def disorder(store: Store, phase: str, rng: random.Random) -> None:
    """Attempts at a phase that ended in every way, and what happened to their files."""
    for _ in range(rng.randrange(4)):
        attempt = another_attempt(store, phase)
        rules = rng.sample(RULES, rng.randrange(1, 4))
        kept = [checkpoint(store, attempt, step) for step in rng.sample(range(9), rng.randrange(4))]
        for step in sorted(rng.sample(range(20), rng.randrange(4))):
            path = snap(store, attempt, step, rules, rng.choice(["", *kept]))
            if rng.random() < 0.2:
                store.put(f"{path}/state.safetensors", b"?")
        if kept and rng.random() < 0.5:
            made = {rule: {"path": rng.choice(kept), "step": 1} for rule in rules}
            records.commit(store, attempt, made, {})
        if rng.random() < 0.2:
            records.set_aside(store, records.selection_path(phase, rng.choice(RULES)))
        if kept and rng.random() < 0.2:
            store.put(f"{rng.choice(kept)}/model.safetensors", b"?")
        attempt.end(rng.choice(["committed", "stopped", "lost"]))
        if rng.random() < 0.3:
            lose_weights(store, phase, rng)
    if rng.random() < 0.2:
        another_attempt(store, phase)


def lose_weights(store: Store, phase: str, rng: random.Random) -> None:
    """Weights that were dropped, or were about to be when that broke off."""
    for rule in rng.sample(RULES, rng.randrange(1, 4)):
        record = store.get_json(records.selection_path(phase, rule))
        if record is None or rng.random() < 0.5:
            dropping.drop(store, phase, [rule], "enough", set)
        else:
            marks.put(store, record, "enough")
            store.delete(*rng.sample(sorted(record["files"]), rng.randrange(len(record["files"]))))


def needed_state(store: Store) -> dict[str, object]:
    """Whatever the declared studies would look for, and all of the phases that may be in training."""
    state: dict[str, object] = {}
    for needs in studies.each(store):
        for phase, rules in needs.phases.items():
            paths = [records.record_path(phase), *(records.selection_path(phase, rule) for rule in rules)]
            state |= {path: records.read(store, path) for path in paths}
            complete = all(records.read(store, path)[0] is not None for path in paths)
            found: Snapshot | None = snapshots.newest(store, phase, rules)
            if found is not None and not complete:
                best = [entry["path"] for entry in found.loop["best"].values()]
                state[f"{needs.study}/{phase}"] = found, [store.names(path) for path in best]
        for group in needs.evaluations:
            state[group] = list(parts.each(store, group)), store.names(f"evaluations/{group}")
        for key in needs.experiments:
            state[key] = experiments.read(store, key)
    for phase in store.children("phases"):
        if may_run(store, phase):
            state[phase] = {name: store.get(name) for name in store.names(f"phases/{phase}")}
    return state


@pytest.mark.parametrize("seed", range(40))
def test_in_whatever_state_a_store_is_nothing_is_lost_that_a_study_needs(tmp_path: Path, seed: int) -> None:
    """In a folder, and in memory, which lists and deletes as a bucket does."""
    store, rng = Store("memory:///" if seed % 2 else str(tmp_path / "store")), random.Random(seed)
    for key in KEYS:
        disorder(store, key, rng)
        evaluate(store, key)
        experiments.decide(store, key, {"values": {}})
    for name in ("a", "b", "c")[: rng.randrange(1, 4)]:
        phases = {phase: tuple(rng.sample(RULES, rng.randrange(1, 4))) for phase in rng.sample(KEYS, 3)}
        declare(store, name, phases, rng.sample(KEYS, 2), rng.sample(KEYS, 2))
    before = needed_state(store)
    swept(store)
    assert needed_state(store) == before
