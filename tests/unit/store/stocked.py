"""Stores for tests that hold what studies make, and what a sweep takes away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from tests.unit.store.attempting import another_attempt
from xfer.store import garbage, parts, records, snapshots, studies
from xfer.store.attempts import Attempt, Holder
from xfer.store.store import Store, as_json
from xfer.store.studies import Needs


def declare(
    store: Store, name: str, phases: dict[str, tuple[str, ...]], groups: Iterable[str] = (), chosen: Iterable[str] = ()
) -> None:
    evaluations = dict.fromkeys(groups, ("e1",))
    studies.declare(
        store, Needs(study=name, file=f"{name}.yaml", phases=phases, evaluations=evaluations, experiments=tuple(chosen))
    )


def checkpoint(store: Store, attempt: Attempt, step: int) -> str:
    path = f"{attempt.path}/checkpoints/{step}"
    for name in ("config.json", "model.safetensors"):
        store.put(f"{path}/{name}", f"{name} of {path}".encode())
    return path


def snap(store: Store, attempt: Attempt, step: int, rules: Iterable[str], best: str = "") -> str:
    """A whole snapshot; its path. ``best`` is the checkpoint that going on from it needs."""
    path = f"{attempt.path}/snapshots/{step}"
    store.put(f"{path}/state.safetensors", b"tensors of %d" % step)
    loop = {"rules": list(rules), "best": {"best-1": {"path": best, "value": 0.5}} if best else {}}
    snapshots.seal(store, attempt.path, step, loop)
    return path


def files(*paths: str) -> list[str]:
    """What lies in snapshots."""
    return sorted(f"{path}/{name}" for path in paths for name in ("snapshot.json", "state.safetensors"))


def train(store: Store, phase: str, selections: dict[str, int]) -> Attempt:
    """A phase trained to its end by one attempt: a checkpoint for each rule, at the step given."""
    attempt = another_attempt(store, phase)
    made = {rule: {"path": checkpoint(store, attempt, step), "step": step} for rule, step in selections.items()}
    store.put(f"{attempt.path}/curves.parquet", b"curves")
    assert records.commit(store, attempt, made, {"tables": [f"{attempt.path}/curves.parquet"]})
    attempt.end("committed")
    return attempt


def evaluate(store: Store, group: str) -> None:
    store.put(parts.part_path(group, "n1"), b"table")
    parts.commit(store, group, "n1", ["e1"], "xnli")
    store.put(parts.scores_path(group, "n1", "s1"), b"scores")


def hold(store: Store, attempt: Attempt, **fields: Any) -> None:
    """Let somebody else hold an attempt."""
    store.put(f"{attempt.path}/holder.json", as_json(asdict(replace(Holder.me(), **fields))))


def swept(store: Store) -> list[str]:
    """What sweeping deletes; that it is what was found, with its size, and that nothing is left to find."""
    before = {name: store.size(name) or 0 for name in store.names("")}
    found = garbage.find(store)
    assert store.names("") == sorted(before), "finding changes nothing"
    freed = garbage.sweep(store, found)
    gone = sorted(set(before) - set(store.names("")))
    assert sorted(name for item in found for name in item.objects) == gone
    assert freed == sum(item.bytes for item in found) == sum(before[name] for name in gone)
    assert garbage.find(store) == []
    return gone
