"""From a study's path to its plan, with what its lock and its store know: no data, no network, no torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from xfer.errors import LockError
from xfer.store.store import Store
from xfer.study import lock as locks
from xfer.study import reading, state
from xfer.study.lock import Lock
from xfer.study.plan import Plan
from xfer.study.planner import plan
from xfer.study.schema import Study


@dataclass(frozen=True)
class Opened:
    """A study with its lock, its store, and the plan that follows."""

    study: Study
    lock: Lock
    store: Store
    plan: Plan


def open_study(path: Path) -> Opened:
    """Read a study and its lock, and plan it with the decisions in its store.

    Raises ``StudyError`` or ``LockError``; there must be a lock.
    """
    study = reading.read(path)
    lock_path = locks.path_of(path)
    if not lock_path.exists():
        raise LockError("the study has no lock", str(lock_path), f"make one where the data are: xfer lock {path}")
    return opened(study, locks.read(lock_path, study.registry), store_of(study))


def store_of(study: Study) -> Store:
    """Where a study keeps what it makes: at ``XFER_STORAGE`` where a place has set that, else where it says."""
    return Store(os.environ.get("XFER_STORAGE") or study.storage)


def opened(study: Study, lock: Lock, store: Store) -> Opened:
    """Plan a study with the decisions in its store."""
    undecided = plan(study, lock, {})
    known, tried = state.decisions(store, undecided), state.tried(store, undecided)
    anything = known or any(tried.values())
    return Opened(study, lock, store, plan(study, lock, known, tried) if anything else undecided)
