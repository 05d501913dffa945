"""Experiments: what one chose, stored once by exclusive create, and replayed ever after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xfer.store.store import Store, as_json


def read(store: Store, experiment: str) -> dict[str, Any] | None:
    """The decision of an experiment: ``values``, ``trials``, ``metric``; None if it has not chosen."""
    return store.get_json(f"experiments/{experiment}/decision.json")


def remember(store: Store, experiment: str, question: tuple[int, int], score: float) -> float:
    """Store the answer to a question about a trial (its number, and how far trained); the one that stands."""
    path = f"experiments/{experiment}/trials/{question[0]}/{question[1]}.json"
    store.create(path, as_json({"score": score}))
    return float((store.get_json(path) or {"score": score})["score"])


def answers(store: Store, experiment: str) -> Iterator[tuple[tuple[int, int], float]]:
    """What has been answered about an experiment's trials."""
    for path in store.names(f"experiments/{experiment}/trials"):
        found = store.get_json(path)
        if found is not None:
            trial, units = path.removesuffix(".json").split("/")[-2:]
            yield (int(trial), int(units)), float(found["score"])


def decide(store: Store, experiment: str, decision: Mapping[str, Any]) -> dict[str, Any]:
    """Store a decision; the one that stands, which is another's if that came first."""
    store.create(f"experiments/{experiment}/decision.json", as_json(decision))
    return read(store, experiment) or dict(decision)
