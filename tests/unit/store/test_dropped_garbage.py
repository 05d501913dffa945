"""Garbage where weights were dropped: a selection without weights is none by itself, and takes its mark along."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.attempting import PHASE, another_attempt
from tests.unit.store.stocked import declare, files, snap, swept, train
from xfer.store import marks, records, studies
from xfer.store.attempts import attempt_path
from xfer.store.dropping import drop
from xfer.store.store import Store

OTHER = "ba9876543210"
FOLDER = f"{attempt_path(PHASE, 1)}/checkpoints"
LAST, BEST = (records.selection_path(PHASE, rule) for rule in ("last", "best-1"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A phase with a selection without weights and one with them, at step 8 and 4."""
    store = Store(str(tmp_path / "store"))
    train(store, PHASE, {"last": 8, "best-1": 4})
    drop(store, PHASE, ["last"], "enough", set)
    return store


def test_a_selection_without_weights_is_needed_like_any_other(store: Store) -> None:
    declare(store, "small", {PHASE: ("last", "best-1")})
    assert swept(store) == []
    assert records.read(store, LAST)[1] is None


def test_an_unneeded_phase_goes_with_its_marks(store: Store) -> None:
    declare(store, "small", {})
    assert f"{FOLDER}/8.dropped" in swept(store)
    assert store.names("phases") == []


def test_an_unneeded_selection_goes_with_its_mark(store: Store) -> None:
    declare(store, "small", {PHASE: ("best-1",)})
    assert swept(store) == sorted([LAST, f"{FOLDER}/8.dropped"])
    declare(store, "small", {PHASE: ("last",)})
    assert swept(store) == [], "now it is absent, and what is there waits for who trains it again"


def test_the_mark_stays_where_the_phase_waits_for_another_selection(store: Store) -> None:
    declare(store, "small", {PHASE: ("last", "best-2")})
    assert swept(store) == []
    assert records.read(store, LAST)[1] is None


def test_what_a_drop_that_broke_off_has_left_is_garbage_and_whole_weights_are_not(store: Store) -> None:
    marks.put(store, store.get_json(BEST) or {}, "enough")
    declare(store, "small", {PHASE: ("last", "best-1")})
    assert swept(store) == []
    store.delete(f"{FOLDER}/4/config.json")
    assert swept(store) == [f"{FOLDER}/4/model.safetensors"]
    assert records.read(store, BEST)[1] is None


def test_who_was_stopped_making_weights_again_finds_the_way_gone_so_far(store: Store) -> None:
    attempt = another_attempt(store)
    kept = [snap(store, attempt, step, ["last", "best-1"]) for step in (2, 4)]
    attempt.end("stopped")
    declare(store, "small", {PHASE: ("last", "best-1")})
    assert swept(store) == [] and store.names(f"{attempt.path}/snapshots") == files(*kept)
    drop(store, PHASE, ["last"], "enough", set)
    assert store.names(f"{attempt.path}/snapshots") == [], "until nobody wants them any more"


def test_a_study_taken_out_of_the_list_frees_what_it_wanted(store: Store) -> None:
    declare(store, "a", {PHASE: ("last",)})
    declare(store, "b", {PHASE: ("best-1",)})
    studies.forget(store, "b")
    assert swept(store) == sorted([BEST, *(f"{FOLDER}/4/{name}" for name in ("config.json", "model.safetensors"))])
