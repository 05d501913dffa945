"""Phases that studies need: what they can do without goes, what a run goes on from or a record names stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.attempting import PHASE, another_attempt
from tests.unit.store.stocked import checkpoint, declare, files, snap, swept, train
from xfer.store import garbage, records, snapshots, studies
from xfer.store.attempts import attempt_path
from xfer.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def test_a_checkpoint_that_a_needed_selection_names_too_stays_with_it(store: Store) -> None:
    train(store, PHASE, {"last": 8, "best-1": 8, "best-2": 4})
    declare(store, "small", {PHASE: ("last",)})
    checkpoints = store.names(f"{attempt_path(PHASE, 1)}/checkpoints/4")
    dropped = [records.selection_path(PHASE, rule) for rule in ("best-1", "best-2")]
    assert swept(store) == sorted([*checkpoints, *dropped])
    assert records.read(store, records.selection_path(PHASE, "last"))[0] is not None


def test_a_complete_phase_needs_neither_snapshots_nor_checkpoints_that_nothing_names(store: Store) -> None:
    lost = another_attempt(store)
    gone = [*store.names(checkpoint(store, lost, 3)), *store.names(snap(store, lost, 4, ["last"]))]
    lost.end("lost")
    attempt = train(store, PHASE, {"last": 8})
    gone += [*store.names(checkpoint(store, attempt, 6)), *store.names(snap(store, attempt, 6, ["last"]))]
    declare(store, "small", {PHASE: ("last",)})
    assert {item.kind for item in garbage.find(store)} == {"snapshot", "checkpoint"}
    assert swept(store) == sorted(gone)
    assert f"{attempt.path}/curves.parquet" in store.names("")


@pytest.mark.parametrize("harmed", ["checkpoints/8/model.safetensors", "curves.parquet"])
def test_a_phase_whose_files_do_not_match_keeps_what_it_can_go_on_from(store: Store, harmed: str) -> None:
    attempt = train(store, PHASE, {"last": 8})
    snap(store, attempt, 4, ["last"])
    declare(store, "small", {PHASE: ("last",)})
    content = store.get(f"{attempt.path}/{harmed}") or b""
    store.put(f"{attempt.path}/{harmed}", content[:-1] + b"?")
    assert swept(store) == []
    store.put(f"{attempt.path}/{harmed}", content)
    assert swept(store) == files(f"{attempt.path}/snapshots/4")


def test_an_interrupted_phase_keeps_its_furthest_snapshots_and_the_checkpoints_that_they_name(store: Store) -> None:
    first, second = another_attempt(store), another_attempt(store)
    best, better, unnamed = (checkpoint(store, first, step) for step in (2, 10, 11))
    old = [snap(store, first, step, ["last", "best-1"], best) for step in (4, 8)]
    new = [snap(store, second, step, ["last", "best-1"], best) for step in (12, 16)]
    for attempt in (first, second):
        attempt.end("stopped")
    store.put(f"{second.path}/snapshots/20/state.safetensors", b"not all of it")
    declare(store, "small", {PHASE: ("last", "best-1")})
    gone = [name for path in (*old, better, unnamed) for name in store.names(path)]
    assert swept(store) == sorted([*gone, f"{second.path}/snapshots/20/state.safetensors"])
    found = snapshots.newest(store, PHASE, ["last", "best-1"])
    assert found is not None and found.path == new[1] and store.names(best) != []


def test_of_snapshots_that_are_not_whole_none_takes_the_place_of_one_that_is(store: Store) -> None:
    first, second = another_attempt(store), another_attempt(store)
    paths = [snap(store, attempt, step, ["last"]) for attempt, step in ((first, 1), (first, 2), (second, 8))]
    harmed = snap(store, second, 9, ["last"])
    store.put(f"{harmed}/state.safetensors", b"Tensors of 9")
    first.end("lost")
    second.end("lost")
    declare(store, "small", {PHASE: ("last",)})
    assert swept(store) == files(paths[0], harmed)


def test_each_study_keeps_what_its_own_rules_go_on_from(store: Store) -> None:
    first, second = another_attempt(store), another_attempt(store)
    for attempt, steps, rules in ((first, (4, 8), ["last", "best-1"]), (second, (12, 16), ["last"])):
        for step in steps:
            snap(store, attempt, step, rules)
        attempt.end("stopped")
    declare(store, "a", {PHASE: ("last",)})
    declare(store, "b", {PHASE: ("last", "best-1")})
    assert swept(store) == []
    studies.forget(store, "b")
    assert swept(store) == files(f"{first.path}/snapshots/4", f"{first.path}/snapshots/8")


def test_a_rule_more_does_not_cost_a_complete_phase_its_selections(store: Store) -> None:
    attempt = train(store, PHASE, {"last": 8, "best-1": 4})
    spare = checkpoint(store, attempt, 6)
    declare(store, "small", {PHASE: ("last", "best-2")})
    assert swept(store) == [f"{spare}/config.json", f"{spare}/model.safetensors"]
    for path in (records.record_path(PHASE), *(records.selection_path(PHASE, rule) for rule in ("last", "best-1"))):
        assert records.read(store, path)[0] is not None


def test_where_nothing_is_to_be_told_apart_no_checksums_are_made(store: Store) -> None:
    """What does not match them is not noticed, and kept."""
    done = train(store, PHASE, {"last": 8})
    store.put(f"{done.path}/checkpoints/8/model.safetensors", b"?")
    attempt = another_attempt(store, "ba9876543210")
    harmed = snap(store, attempt, 8, ["last"], checkpoint(store, attempt, 2))
    store.put(f"{harmed}/state.safetensors", b"?")
    unnamed = checkpoint(store, attempt, 6)
    attempt.end("lost")
    declare(store, "small", {PHASE: ("last",), "ba9876543210": ("last",)})
    assert [item.path for item in garbage.find(store)] == [unnamed]
