"""Attempts for tests, without anybody to wait for."""

from __future__ import annotations

from collections.abc import Callable

from xfer.store.attempts import BEAT, Attempt, Claim, Holder, attempt_path, latest
from xfer.store.store import Store, as_json

PHASE = "0123456789ab"


def another_attempt(store: Store, phase: str = PHASE) -> Attempt:
    """The next attempt at a phase, held by this process."""
    number = latest(store, phase) + 1
    store.create(f"{attempt_path(phase, number)}/holder.json", as_json(Holder.me().__dict__))
    return Attempt(store, phase, number)


def open_attempt(store: Store, phase: str, wait: Callable[[float], bool], done: Callable[[], bool]) -> Attempt | None:
    """The next attempt, after whoever holds the newest one has let go of it; ``wait`` says whether to give up."""
    claim = Claim(store, phase)
    while not done():
        if attempt := claim.open(done):
            return attempt
        if wait(BEAT / 2):
            return None
    return None
