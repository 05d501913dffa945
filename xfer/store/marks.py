"""Marks: what says that the weights of a checkpoint are not there on purpose.

A mark lies beside the checkpoint (``attempts/N/checkpoints/8.dropped`` for ``attempts/N/checkpoints/8``) and is made
before the first file goes, so that nothing half-done is ever called damaged. It is about that checkpoint, whatever
selections name it, and about no later one: who trains the phase again has an attempt, and a checkpoint, of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xfer.store.store import Store, as_json

SUFFIX = ".dropped"


def path_of(record: Mapping[str, Any]) -> str:
    """Where the mark of a selection's checkpoint is; empty for a record that names none."""
    return f"{record['path']}{SUFFIX}" if "path" in record else ""


def put(store: Store, record: Mapping[str, Any], why: str) -> None:
    """Mark a selection's checkpoint; a mark that is there already stays."""
    store.create(path_of(record), as_json({"why": why}))


def why(store: Store, record: Mapping[str, Any]) -> str | None:
    """Why a selection's checkpoint may lack its weights; None when it has no mark."""
    path = path_of(record)
    if not path or store.size(path) is None:
        return None
    return str((store.get_json(path) or {}).get("why", "they were dropped"))
