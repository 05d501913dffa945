"""Weights that are dropped: what is left of them is complete, at every moment, and whose they are is respected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.store.attempting import PHASE, another_attempt
from tests.unit.store.stocked import checkpoint, hold, snap, train
from xfer.errors import StoreError
from xfer.store import marks, records, snapshots
from xfer.store.attempts import Attempt, attempt_path
from xfer.store.dropping import drop
from xfer.store.store import Store

WHY = "study small keeps none"
LAST = records.selection_path(PHASE, "last")
FOLDER = f"{attempt_path(PHASE, 1)}/checkpoints/8"


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store") if request.param == "folder" else "memory:///")


def nobody() -> set[str]:
    return set()


def state(store: Store, rule: str = "last") -> str:
    record, problem = records.read(store, records.selection_path(PHASE, rule))
    if record is None:
        return "damaged" if problem else "absent"
    return "without weights" if records.weightless(store, record) else "with weights"


def test_what_was_dropped_is_complete_without_weights_and_says_why(store: Store) -> None:
    train(store, PHASE, {"last": 8})
    size = sum(store.size(name) or 0 for name in store.names(FOLDER))
    assert drop(store, PHASE, ["last"], WHY, nobody) == size > 0
    assert store.names(FOLDER) == [] and state(store) == "without weights"
    assert marks.why(store, store.get_json(LAST) or {}) == WHY
    assert records.read(store, records.record_path(PHASE))[1] is None
    assert drop(store, PHASE, ["last"], "another", nobody) == 0
    assert marks.why(store, store.get_json(LAST) or {}) == WHY, "the first mark stands"


def test_weights_that_are_gone_without_a_mark_are_damage(store: Store) -> None:
    train(store, PHASE, {"last": 8})
    store.delete(*store.names(FOLDER))
    assert state(store) == "damaged"


def test_a_mark_takes_nothing_from_weights_that_are_there_or_there_again(store: Store) -> None:
    train(store, PHASE, {"last": 8})
    held = {name: store.get(name) or b"" for name in store.names(FOLDER)}
    marks.put(store, store.get_json(LAST) or {}, WHY)
    assert state(store) == "with weights", "marked, and not deleted yet"
    drop(store, PHASE, ["last"], WHY, nobody)
    assert state(store) == "without weights"
    for name, content in held.items():
        store.put(name, content)
    assert state(store) == "with weights"
    store.put(next(iter(held)), b"another")
    assert state(store) == "without weights", "these are not its weights"


class Breaks(Store):
    """Storage that fails after so many deletions, and tells how the selection looks at each of them."""

    left = 0
    seen: list[str]

    def delete(self, *paths: str) -> None:
        for path in paths:
            self.seen.append(state(self))
            if self.left == 0:
                raise StoreError("storage does not work", path)
            self.left -= 1
            super().delete(path)


@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_a_drop_that_breaks_off_is_never_damage_and_is_taken_up_again(tmp_path: Path, left: int) -> None:
    store = Breaks(str(tmp_path / "store"))
    store.left, store.seen = left, []
    attempt = train(store, PHASE, {"last": 8})
    snap(store, attempt, 4, ["last"])
    with pytest.raises(StoreError):
        drop(store, PHASE, ["last"], WHY, nobody)
    assert store.seen[0] == "with weights" and set(store.seen[1:]) <= {"without weights"}
    assert state(store) == ("with weights" if left == 0 else "without weights")
    store.left = 100
    drop(store, PHASE, ["last"], WHY, nobody)
    assert state(store) == "without weights"
    assert [name for name in store.names("") if "safetensors" in name or "config" in name] == []


def test_a_checkpoint_that_another_selection_names_too_stays(store: Store) -> None:
    train(store, PHASE, {"last": 8, "best-1": 8, "best-2": 4})
    drop(store, PHASE, ["last", "best-2"], WHY, nobody)
    assert [state(store, rule) for rule in ("last", "best-1", "best-2")] == [
        "with weights", "with weights", "without weights",
    ]  # fmt: skip
    assert marks.why(store, store.get_json(LAST) or {}) is None
    drop(store, PHASE, ["last", "best-1"], WHY, nobody)
    assert [state(store, rule) for rule in ("last", "best-1")] == ["without weights"] * 2


def test_what_somebody_else_wants_stays_and_is_not_marked(store: Store) -> None:
    attempt = train(store, PHASE, {"last": 8, "best-1": 4})
    snap(store, attempt, 2, ["last"])
    drop(store, PHASE, ["last", "best-1"], WHY, lambda: {"last"})
    assert (state(store), state(store, "best-1")) == ("with weights", "without weights")
    assert marks.why(store, store.get_json(LAST) or {}) is None
    assert store.names(f"{attempt.path}/snapshots") != [], "it may be theirs"


def test_who_comes_to_want_weights_once_they_are_marked_gets_them(store: Store) -> None:
    train(store, PHASE, {"last": 8})
    answers = [set[str](), {"last"}]
    assert drop(store, PHASE, ["last"], WHY, lambda: answers.pop(0)) == 0
    assert answers == [] and state(store) == "with weights"


def test_a_phase_that_somebody_may_be_training_is_left_alone(store: Store) -> None:
    train(store, PHASE, {"last": 8})
    attempt = another_attempt(store)
    hold(store, attempt, boot="another boot")
    before = store.names("")
    assert drop(store, PHASE, ["last"], WHY, nobody) == 0 and store.names("") == before
    attempt.end("stopped")
    assert drop(store, PHASE, ["last"], WHY, nobody) > 0


def test_of_a_trial_that_was_given_up_nothing_is_left_to_go_on_from(store: Store) -> None:
    attempt = another_attempt(store)
    snap(store, attempt, 4, ["last", "best-1"], checkpoint(store, attempt, 2))
    attempt.end("paused")
    assert drop(store, PHASE, ["last", "best-1"], WHY, nobody) > 0
    assert snapshots.newest(store, PHASE, ["last"]) is None
    assert sorted(store.names("")) == [f"{attempt.path}/{name}.json" for name in ("holder", "outcome")]


def retrained(store: Store, select: Callable[[str], dict[str, str]]) -> str:
    """A second attempt commits; its checkpoint's folder."""
    attempt = another_attempt(store)
    path = checkpoint(store, attempt, 8)
    made = {rule: {"path": folder, "step": 8} for rule, folder in select(path).items()}
    assert records.commit(store, attempt, made, {})
    snapshots.clean(store, PHASE)
    attempt.end("committed")
    return path


def test_who_trains_it_again_takes_its_place_and_the_mark_goes(store: Store) -> None:
    train(store, PHASE, {"last": 8, "best-1": 4})
    drop(store, PHASE, ["last"], WHY, nobody)
    mark = marks.path_of(store.get_json(LAST) or {})
    path = retrained(store, lambda path: {"last": path, "best-1": path})
    assert [(store.get_json(LAST) or {})[name] for name in ("attempt", "path")] == [2, path]
    best = store.get_json(records.selection_path(PHASE, "best-1")) or {}
    assert best["attempt"] == 1, "what has its weights stays"
    assert state(store) == state(store, "best-1") == "with weights" and store.size(mark) is None
    assert (store.get_json(records.record_path(PHASE)) or {})["attempt"] == 1, "so do the curves"
    store.delete(f"{path}/model.safetensors")
    assert state(store) == "damaged", "the mark was about another checkpoint"


class Late(Attempt):
    """One that has looked for later ones before they were there."""

    def superseded(self) -> bool:
        return False


def test_an_earlier_attempt_that_comes_late_does_not_take_the_place_of_a_later_ones(store: Store) -> None:
    early = Late(store, PHASE, another_attempt(store).number)
    train(store, PHASE, {"last": 8})
    drop(store, PHASE, ["last"], WHY, nobody)
    assert records.commit(store, early, {"last": {"path": checkpoint(store, early, 8), "step": 8}}, {})
    assert (store.get_json(LAST) or {})["attempt"] == 2 and state(store) == "without weights"


def test_a_snapshot_whose_best_checkpoint_is_gone_is_not_gone_on_from(store: Store) -> None:
    attempt = train(store, PHASE, {"last": 8, "best-1": 4})
    snap(store, attempt, 6, ["last", "best-1"], f"{attempt.path}/checkpoints/4")
    assert snapshots.newest(store, PHASE, ["last"]) is not None
    drop(store, PHASE, ["best-1"], WHY, lambda: {"last"})
    assert snapshots.newest(store, PHASE, ["last"]) is None
