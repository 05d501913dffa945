"""Attempts for tests, without anybody to wait for."""

from __future__ import annotations

from xfer.store.attempts import Attempt, Holder, attempt_path, latest
from xfer.store.store import Store, as_json

PHASE = "0123456789ab"


def another_attempt(store: Store, phase: str = PHASE) -> Attempt:
    """The next attempt at a phase, held by this process."""
    number = latest(store, phase) + 1
    store.create(f"{attempt_path(phase, number)}/holder.json", as_json(Holder.me().__dict__))
    return Attempt(store, phase, number)
