"""What a search hears of a trial that is still on its way: the look of its own rule, from record or snapshot."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.store.attempting import another_attempt
from tests.unit.study.made import planned
from xfer.events import Events
from xfer.execution.ensure import Ensurer
from xfer.execution.jobs import Site
from xfer.execution.lane import Lanes
from xfer.fingerprint import plain
from xfer.phase.selection import Rule
from xfer.results.parts import to_parquet
from xfer.results.schema import CURVES
from xfer.store import records, snapshots
from xfer.store.store import Store
from xfer.study.plan import Planned
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED

TUNE = "{learning_rate: [1e-3, 1e-4], seeds: [1], targets: [udpos], scheduler: asha}"
Curves = list[list[Any]]

LOSSES: Curves = [[step, "udpos", "en", "loss", 5.0] for step in range(1, 9)]
LOOKS: Curves = [[2, "udpos", "en", "token_accuracy", 0.25], [4, "udpos", "en", "token_accuracy", 0.5]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def ensurer(store: Store, tmp_path: Path) -> Ensurer:
    """Without a lane: nothing here is trained."""
    site, events = Site(store, Roots(), DataRoots(), SHIPPED, tmp_path), Events(io.StringIO())
    return Ensurer(site, {}, events, lambda seconds: False, Lanes(site, (), events))


@pytest.fixture
def trial(tmp_path: Path) -> tuple[Planned, Rule]:
    """A trial's phase, and the rule that looks at it every second step."""
    found = planned(tmp_path, tune=TUNE)
    cell = found.experiments[0].trials[0].cells[0]
    assert cell.looks is not None and cell.looks.every == 2
    return found.phases[cell.phases[-1]], cell.looks


def commit(store: Store, held: Planned, curves: Curves) -> None:
    """A phase trained to its end by one attempt."""
    attempt = another_attempt(store, held.phase.key)
    rows = [dict(zip(CURVES.names, [held.phase.key, *row], strict=True)) for row in curves]
    store.put(f"{attempt.path}/curves.parquet", to_parquet(pa.Table.from_pylist(rows, schema=CURVES)))
    body = {"payload": plain(held.phase), "tables": [f"{attempt.path}/curves.parquet"]}
    assert records.commit(store, attempt, {}, body)


def pause(store: Store, held: Planned, step: int, curves: Curves) -> None:
    """A phase that was stopped on its way with a snapshot."""
    attempt = another_attempt(store, held.phase.key)
    store.put(f"{attempt.path}/snapshots/{step}/state.safetensors", b"tensors")
    snapshots.seal(store, attempt.path, step, {"rules": list(held.rules), "curves": curves})


@pytest.mark.parametrize(("step", "value"), [(2, 0.25), (4, 0.5), (8, 0.5)])
def test_a_finished_phase_is_looked_up_in_its_record(
    ensurer: Ensurer, store: Store, trial: tuple[Planned, Rule], step: int, value: float
) -> None:
    """Behind its end, patience may have ended it early, the last look counts."""
    held, rule = trial
    commit(store, held, [*LOSSES, *reversed(LOOKS)])
    assert ensurer.look(held, rule, step) == value


def test_a_phase_on_its_way_is_looked_up_in_its_newest_snapshot(
    ensurer: Ensurer, store: Store, trial: tuple[Planned, Rule]
) -> None:
    held, rule = trial
    pause(store, held, 2, LOOKS[:1])
    assert ensurer.look(held, rule, 2) == 0.25
    pause(store, held, 4, LOOKS)
    assert (ensurer.look(held, rule, 2), ensurer.look(held, rule, 4)) == (0.25, 0.5)


def test_looks_at_other_data_and_losses_are_not_its_own(
    ensurer: Ensurer, store: Store, trial: tuple[Planned, Rule]
) -> None:
    held, rule = trial
    strange: Curves = [[2, "mnli", "en", "accuracy", 0.9], [2, "udpos", "de", "token_accuracy", 0.9]]
    commit(store, held, [*LOSSES, *strange, *LOOKS])
    assert ensurer.look(held, rule, 2) == 0.25


def test_a_phase_that_was_trained_before_anybody_looked_is_looked_up_in_who_trains_it_again(
    ensurer: Ensurer, store: Store, trial: tuple[Planned, Rule]
) -> None:
    """A study without a scheduler has trained it; the record that stands has no looks."""
    held, rule = trial
    commit(store, held, LOSSES)
    pause(store, held, 4, LOOKS)
    assert ensurer.look(held, rule, 4) == 0.5
