"""Snapshots: only whole ones are gone on from, and a committed phase keeps what its records name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.store.attempting import PHASE, another_attempt
from xfer.store import records, snapshots
from xfer.store.attempts import Attempt
from xfer.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def snap(store: Store, attempt: Attempt, step: int) -> str:
    """A whole snapshot; its path."""
    path = f"{attempt.path}/snapshots/{step}"
    store.put(f"{path}/state.safetensors", b"tensors of %d" % step)
    snapshots.seal(store, attempt.path, step, {"step": step})
    return path


def newest_step(store: Store) -> int | None:
    found = snapshots.newest(store, PHASE)
    return found.step if found else None


def test_the_newest_snapshot_is_the_furthest_of_all_attempts_steps_compared_as_numbers(store: Store) -> None:
    assert newest_step(store) is None
    first, second = another_attempt(store), another_attempt(store)
    snap(store, first, 8)
    further = snap(store, first, 100)
    snap(store, second, 20)
    assert snapshots.newest(store, PHASE) == snapshots.Snapshot(further, 100, {"step": 100})
    snap(store, second, 101)
    assert newest_step(store) == 101


def test_a_snapshot_without_its_seal_is_passed_over(store: Store) -> None:
    attempt = another_attempt(store)
    snap(store, attempt, 4)
    store.put(f"{attempt.path}/snapshots/8/state.safetensors", b"not all of it")
    assert newest_step(store) == 4


def test_the_emptied_folder_of_a_deleted_snapshot_is_passed_over(store: Store) -> None:
    attempt = another_attempt(store)
    snap(store, attempt, 4)
    store.delete(*store.names(snap(store, attempt, 8)))
    assert newest_step(store) == 4
    for step in (9, 10):
        snap(store, attempt, step)
    held = {name.split("/")[-2] for name in store.names(f"{attempt.path}/snapshots")}
    assert held == {"9", "10"}


def change(store: Store, path: str) -> None:
    store.put(f"{path}/state.safetensors", b"Tensors of 8")


def cut(store: Store, path: str) -> None:
    store.put(f"{path}/state.safetensors", b"tensors of")


def lose(store: Store, path: str) -> None:
    store.delete(f"{path}/state.safetensors")


def scribble(store: Store, path: str) -> None:
    store.put(f"{path}/snapshot.json", b'{"step": 8, "loop": {')


def empty(store: Store, path: str) -> None:
    store.put(f"{path}/snapshot.json", b"{}")


@pytest.mark.parametrize("harm", [change, cut, lose, scribble, empty])
def test_a_snapshot_that_does_not_match_its_seal_is_passed_over(
    store: Store, harm: Callable[[Store, str], None]
) -> None:
    attempt = another_attempt(store)
    snap(store, attempt, 4)
    harm(store, snap(store, attempt, 8))
    assert newest_step(store) == 4


def test_a_snapshot_sealed_again_is_whole_and_holds_what_was_said_last(store: Store) -> None:
    attempt = another_attempt(store)
    path = snap(store, attempt, 4)
    snapshots.seal(store, attempt.path, 4, {"step": 4, "again": True})
    assert snapshots.newest(store, PHASE) == snapshots.Snapshot(path, 4, {"step": 4, "again": True})


def test_an_attempt_keeps_its_last_snapshots_and_touches_no_other_attempts(store: Store) -> None:
    first, second = another_attempt(store), another_attempt(store)
    snap(store, first, 2)
    for step in (8, 9, 10, 11):
        snap(store, second, step)
    held = {name.rsplit("/", 1)[0] for name in store.names(f"phases/{PHASE}") if "/snapshots/" in name}
    assert held == {f"{first.path}/snapshots/2", f"{second.path}/snapshots/10", f"{second.path}/snapshots/11"}


def checkpoint(store: Store, attempt: Attempt, step: int) -> list[str]:
    names = [f"{attempt.path}/checkpoints/{step}/{name}" for name in ("config.json", "model.safetensors")]
    for name in names:
        store.put(name, name.encode())
    return names


def test_cleaning_keeps_exactly_the_checkpoints_that_selections_name_and_all_else_of_the_attempts(store: Store) -> None:
    first, second = another_attempt(store), another_attempt(store)
    other = another_attempt(store, "ba9876543210")
    snap(store, first, 4)
    snap(store, second, 8)
    checkpoint(store, first, 6)
    best, last = checkpoint(store, second, 6), checkpoint(store, second, 10)
    checkpoint(store, second, 8)
    others = [*checkpoint(store, other, 6), f"{snap(store, other, 4)}/state.safetensors"]
    selections = {
        rule: {"path": names[0].rsplit("/", 1)[0], "step": step}
        for rule, names, step in (("best", best, 6), ("last", last, 10))
    }
    assert records.commit(store, second, selections, {})
    snapshots.clean(store, PHASE)
    left = [name for name in store.names("phases") if "/checkpoints/" in name or "/snapshots/" in name]
    assert left == sorted([*best, *last, *others, f"{other.path}/snapshots/4/snapshot.json"])
    assert records.read(store, records.selection_path(PHASE, "best"))[1] is None
    assert f"{first.path}/holder.json" in store.names("")
    snapshots.clean(store, PHASE)
    assert [name for name in store.names("phases") if "/checkpoints/" in name or "/snapshots/" in name] == left


def test_a_record_set_aside_keeps_no_checkpoint(store: Store) -> None:
    for number in (1, 2):
        attempt = another_attempt(store)
        names = checkpoint(store, attempt, 6)
        records.commit(store, attempt, {"last": {"path": f"{attempt.path}/checkpoints/6", "step": 6}}, {})
        if number == 1:
            records.set_aside(store, records.selection_path(PHASE, "last"))
    snapshots.clean(store, PHASE)
    assert [name for name in store.names("phases") if "/checkpoints/" in name] == names
