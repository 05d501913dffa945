"""Snapshots, as far as the store knows them: which resume points of a phase are whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from xfer.store import marks, records
from xfer.store.attempts import attempt_path, latest
from xfer.store.store import Store, as_json

KEPT = 2
"""Snapshots of an attempt that are kept."""


@dataclass(frozen=True)
class Snapshot:
    """A resume point that is whole."""

    path: str
    step: int
    loop: dict[str, Any]
    """What the loop needs besides tensors; JSON."""


def seal(store: Store, attempt: str, step: int, loop: dict[str, Any]) -> None:
    """Declare the files of a snapshot whole, then drop the oldest snapshots of the attempt beyond ``KEPT``."""
    path = f"{attempt}/snapshots/{step}"
    seal = f"{path}/snapshot.json"
    files = records.digests(store, [name for name in store.names(path) if name != seal])
    store.put(seal, as_json({"step": step, "loop": loop, "files": files}))
    for old in sorted((int(name) for name in store.children(f"{attempt}/snapshots")), reverse=True)[KEPT:]:
        store.delete(*store.names(f"{attempt}/snapshots/{old}"))


def newest(store: Store, phase: str, rules: Collection[str] = ()) -> Snapshot | None:
    """The furthest whole snapshot of any attempt at a phase that has observed all these selection rules.

    One whose best checkpoint so far was dropped is not whole.
    """
    for step, path in sorted(_places(store, phase), reverse=True):
        found = store.get_json(f"{path}/snapshot.json")
        if found is None or not found.keys() >= {"loop", "files"} or records.damage(store, found) is not None:
            continue
        dropped = (marks.why(store, best) is not None for best in found["loop"].get("best", {}).values())
        if set(rules) <= set(found["loop"].get("rules", ())) and not any(dropped):
            return Snapshot(path, step, found["loop"])
    return None


def clean(store: Store, phase: str) -> None:
    """Drop what a committed phase no longer needs: snapshots, checkpoints that no record names, and what a drop that
    broke off has left of one; marks stay with their records."""
    for _, path in _places(store, phase):
        store.delete(*store.names(path))
    kept = set()
    for name in store.names(f"phases/{phase}/selections"):
        if name.endswith(".json"):  # one that was set aside keeps nothing
            record = store.get_json(name) or {}
            kept |= {marks.path_of(record)} | set(() if records.weightless(store, record) else record.get("files", {}))
    for number in range(1, latest(store, phase) + 1):
        for name in store.names(f"{attempt_path(phase, number)}/checkpoints"):
            if name not in kept:
                store.delete(name)


def _places(store: Store, phase: str) -> Iterator[tuple[int, str]]:
    for number in range(1, latest(store, phase) + 1):
        path = f"{attempt_path(phase, number)}/snapshots"
        for step in store.children(path):
            yield int(step), f"{path}/{step}"
