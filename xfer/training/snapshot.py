"""Snapshots: resume points inside a phase, by parameter name, for any number of ranks and any ZeRO stage.

Full fp32 weights and Adam's moments in one safetensors file, the loop's own state in ``snapshot.json``,
written last and with checksums: a snapshot without it, or one that does not match it, is not there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from xfer.store import records
from xfer.store.attempts import attempt_path, latest
from xfer.store.store import Store, as_json
from xfer.training.deepspeed import State

KEPT = 2
"""Snapshots of an attempt that are kept."""


@dataclass(frozen=True)
class Snapshot:
    """A resume point that is whole."""

    path: str
    step: int
    loop: dict[str, Any]
    """What the loop needs besides tensors; JSON."""


def write(store: Store, attempt: str, step: int, state: State, loop: dict[str, Any]) -> None:
    """Write a snapshot below an attempt's path, then drop the oldest beyond ``KEPT``. Called by rank 0."""
    path = f"{attempt}/snapshots/{step}"
    tensors = {f"{kind}:{name}": tensor for kind, named in state.items() for name, tensor in named.items()}
    with uploading(store, path) as folder:
        save_file(tensors, folder / "state.safetensors")
    files = records.digests(store, [f"{path}/state.safetensors"])
    store.put(f"{path}/snapshot.json", as_json({"step": step, "loop": loop, "files": files}))
    for old in sorted((int(name) for name in store.children(f"{attempt}/snapshots")), reverse=True)[KEPT:]:
        store.delete(*store.names(f"{attempt}/snapshots/{old}"))


def newest(store: Store, phase: str) -> Snapshot | None:
    """The furthest whole snapshot of any attempt at a phase."""
    steps = [
        (int(step), number)
        for number in range(1, latest(store, phase) + 1)
        for step in store.children(f"{attempt_path(phase, number)}/snapshots")
    ]
    for step, number in sorted(steps, reverse=True):
        path = f"{attempt_path(phase, number)}/snapshots/{step}"
        found = store.get_json(f"{path}/snapshot.json")
        if found is not None and records.damage(store, found) is None:
            return Snapshot(path, step, found["loop"])
    return None


def tensors_of(store: Store, snapshot: Snapshot) -> State:
    """The tensors of a snapshot, on the CPU."""
    state: State = {}
    with store.folder(snapshot.path) as folder:
        for name, tensor in load_file(folder / "state.safetensors").items():
            kind, _, parameter = name.partition(":")
            state.setdefault(kind, {})[parameter] = tensor
    return state


@contextmanager
def uploading(store: Store, prefix: str) -> Iterator[Path]:
    """A temporary folder whose files are put below ``prefix`` when the block ends well."""
    with tempfile.TemporaryDirectory(prefix="xfer-") as name:
        yield Path(name)
        for file in sorted(path for path in Path(name).rglob("*") if path.is_file()):
            store.put(f"{prefix}/{file.relative_to(name).as_posix()}", file)
