"""What a search hears of a trial that is still on its way: the look of its own rule, from record or snapshot."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from tests.unit.execution.walking import Lane
from tests.unit.store.attempting import another_attempt
from tests.unit.study.made import planned
from xfer.events import Events
from xfer.execution.ensure import Ensurer
from xfer.execution.jobs import Site
from xfer.fingerprint import plain
from xfer.phase.selection import Rule
from xfer.store import records, snapshots
from xfer.store.store import Store
from xfer.study.plan import Planned
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED

TUNE = "{learning_rate: [1e-3, 1e-4], seeds: [1], targets: [udpos], scheduler: asha}"
LOOKS = [[2, 0.25], [4, 0.5]]
"""Step and value."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def ensurer(store: Store, tmp_path: Path) -> Ensurer:
    """Without a lane: nothing here is trained."""
    site, events = Site(store, Roots(), DataRoots(), SHIPPED, tmp_path), Events(io.StringIO())
    return Ensurer(site, {}, events, threading.Event(), Lane(store))


@pytest.fixture
def trial(tmp_path: Path) -> tuple[Planned, Rule]:
    """A trial's phase, and the rule that looks at it every second step."""
    found = planned(tmp_path, tune=TUNE)
    cell = found.experiments[0].trials[0].cells[0]
    assert cell.looks is not None and cell.looks.every == 2
    return found.phases[cell.phases[-1]], cell.looks


def commit(store: Store, held: Planned, looks: dict[str, list[list[float]]]) -> None:
    """A phase trained to its end by one attempt, with a checkpoint for each rule."""
    attempt = another_attempt(store, held.phase.key)
    store.put(f"{attempt.path}/checkpoints/8/model.safetensors", b"weights")
    made = {
        key: {"path": f"{attempt.path}/checkpoints/8", "step": 8, "looks": looks.get(key, [])}
        for key in ("last", *looks)
    }
    assert records.commit(store, attempt, made, {"payload": plain(held.phase)})


def pause(store: Store, held: Planned, step: int, looks: dict[str, list[list[float]]]) -> None:
    """A phase that was stopped on its way with a snapshot."""
    attempt = another_attempt(store, held.phase.key)
    store.put(f"{attempt.path}/snapshots/{step}/state.safetensors", b"tensors")
    snapshots.seal(store, attempt.path, step, {"rules": list(held.rules), "looks": looks})


@pytest.mark.parametrize(("step", "value"), [(2, 0.25), (4, 0.5), (8, 0.5)])
def test_a_finished_phase_is_looked_up_in_its_record(
    ensurer: Ensurer, store: Store, trial: tuple[Planned, Rule], step: int, value: float
) -> None:
    """Behind its end, if patience ended it early, the last look counts."""
    held, rule = trial
    commit(store, held, {rule.key: LOOKS})
    assert ensurer.look(held, rule, step) == value


def test_a_phase_on_its_way_is_looked_up_in_its_newest_snapshot(
    ensurer: Ensurer, store: Store, trial: tuple[Planned, Rule]
) -> None:
    held, rule = trial
    pause(store, held, 2, {rule.key: LOOKS[:1]})
    assert ensurer.look(held, rule, 2) == 0.25
    pause(store, held, 4, {rule.key: LOOKS})
    assert (ensurer.look(held, rule, 2), ensurer.look(held, rule, 4)) == (0.25, 0.5)


def test_looks_of_other_rules_are_not_its_own(ensurer: Ensurer, store: Store, trial: tuple[Planned, Rule]) -> None:
    """Rules that look at fewer rows of the same split at the same steps see other values."""
    held, rule = trial
    commit(store, held, {rule.key: LOOKS, "best-0": [[2, 0.9], [4, 0.9]]})
    assert (ensurer.look(held, rule, 2), ensurer.look(held, rule, 4)) == (0.25, 0.5)


def test_a_phase_that_was_trained_before_anybody_looked_is_looked_up_in_who_trains_it_again(
    ensurer: Ensurer, store: Store, trial: tuple[Planned, Rule]
) -> None:
    """A study without a scheduler has trained it; the record that stands has no looks."""
    held, rule = trial
    commit(store, held, {})
    pause(store, held, 4, {rule.key: LOOKS})
    assert ensurer.look(held, rule, 4) == 0.5
    commit(store, held, {rule.key: [*LOOKS, [6, 0.75]]})
    assert ensurer.look(held, rule, 8) == 0.75
