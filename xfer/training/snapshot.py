"""The tensors of a snapshot: full fp32 weights and Adam's moments by parameter name, in one safetensors file.

So a phase goes on with any number of ranks and at any ZeRO stage. The loop's own state is sealed with them.
"""

from __future__ import annotations

from typing import Any

from safetensors.torch import load_file, save_file

from xfer.store.snapshots import Snapshot, seal
from xfer.store.store import Store
from xfer.store.writing import writing
from xfer.training.state import State, size

FILE = "state.safetensors"


def write(store: Store, attempt: str, step: int, state: State, loop: dict[str, Any]) -> None:
    """Write a snapshot below an attempt's path. Called by rank 0."""
    tensors = {f"{kind}:{name}": tensor for kind, named in state.items() for name, tensor in named.items()}
    with writing(store, f"{attempt}/snapshots/{step}", size(tensors)) as folder:
        save_file(tensors, folder / FILE)
    seal(store, attempt, step, loop)


def tensors_of(store: Store, snapshot: Snapshot) -> State:
    """The tensors of a snapshot, on the CPU."""
    state: State = {}
    with store.folder(snapshot.path) as folder:
        for name, tensor in load_file(folder / FILE).items():
            kind, _, parameter = name.partition(":")
            state.setdefault(kind, {})[parameter] = tensor
    return state
