"""Experiments: what one chose, stored once by exclusive create, and replayed ever after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xfer.store.store import Store, as_json


def read(store: Store, experiment: str) -> dict[str, Any] | None:
    """The decision of an experiment: ``values``, ``trials``, ``metric``; None if it has not chosen."""
    return store.get_json(f"experiments/{experiment}/decision.json")


def decide(store: Store, experiment: str, decision: Mapping[str, Any]) -> dict[str, Any]:
    """Store a decision; the one that stands, which is another's if that came first."""
    store.create(f"experiments/{experiment}/decision.json", as_json(decision))
    return read(store, experiment) or dict(decision)
