"""Garbage: what no study needs is found and can be swept; what any study needs, or anybody works on, stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.unit.store.attempting import PHASE, another_attempt, open_attempt
from tests.unit.store.stocked import checkpoint, declare, evaluate, hold, snap, swept, train
from xfer.errors import StoreError, UserError
from xfer.store import experiments, garbage, parts, records, studies
from xfer.store.attempts import LEASE, Attempt, Holder, attempt_path
from xfer.store.store import Store, as_json

OTHER = "ba9876543210"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def test_a_store_that_lists_no_study_is_left_alone_and_the_way_out_is_told(store: Store) -> None:
    train(store, PHASE, {"last": 8})
    with pytest.raises(UserError, match="list of studies is empty") as error:
        garbage.find(store)
    assert error.value.where == store.url and "run every study" in error.value.fix


def test_a_need_that_cannot_be_read_stops_finding_and_sweeping(store: Store) -> None:
    declare(store, "small", {OTHER: ("last",)})
    train(store, PHASE, {"last": 8})
    found = garbage.find(store)
    store.put("studies/another.json", b'{"study": "another"}')
    before = store.names("")
    for judge in (lambda: garbage.find(store), lambda: garbage.sweep(store, found)):
        with pytest.raises(StoreError, match="what study another needs"):
            judge()
    assert store.names("") == before


def test_what_no_study_needs_is_garbage_as_a_whole(store: Store) -> None:
    for phase in (PHASE, OTHER):
        train(store, phase, {"last": 8})
    for name in ("g1", "g2"):
        evaluate(store, name)
        experiments.decide(store, name, {"values": {}})
    parts.fail(store, "g3", "out of memory")
    declare(store, "small", {PHASE: ("last",)}, ["g1"], ["g1"])
    found = {item.path: (item.kind, item.reason) for item in garbage.find(store)}
    assert found == {
        f"phases/{OTHER}": ("phase", "no study needs it"),
        "evaluations/g2": ("evaluation", "no study needs it"),
        "evaluations/g3": ("evaluation", "no study needs it"),
        "experiments/g2": ("experiment", "no study needs it"),
    }
    unneeded = [name for path in found for name in store.names(path)]
    assert swept(store) == sorted(unneeded)


def test_what_one_of_several_studies_needs_is_kept(store: Store) -> None:
    train(store, PHASE, {"last": 8, "best-1": 4})
    evaluate(store, "g1")
    declare(store, "a", {PHASE: ("last",)})
    declare(store, "b", {PHASE: ("best-1",)}, ["g1"])
    assert swept(store) == []
    studies.forget(store, "b")
    checkpoints = store.names(f"{attempt_path(PHASE, 1)}/checkpoints/4")
    gone = [records.selection_path(PHASE, "best-1"), *checkpoints, *store.names("evaluations/g1")]
    assert swept(store) == sorted(gone)
    assert records.read(store, records.selection_path(PHASE, "last"))[0] is not None


def test_records_set_aside_and_probes_are_garbage(store: Store) -> None:
    train(store, PHASE, {"last": 8})
    evaluate(store, "g1")
    gone = []
    for path in (records.record_path(PHASE), records.selection_path(PHASE, "last"), "evaluations/g1/n1.json"):
        content = store.get(path) or b""
        records.set_aside(store, path)
        store.put(path, content)
        gone.append(path.replace(".json", ".damaged"))
    store.put(".probe-0123", b"probe")
    declare(store, "small", {PHASE: ("last",)}, ["g1"])
    assert {item.kind for item in garbage.find(store)} == {"damaged record", "probe"}
    assert swept(store) == sorted([*gone, ".probe-0123"])


def test_what_is_not_known_here_is_kept(store: Store) -> None:
    declare(store, "small", {})
    for path in ("notes.txt", "tokenizers/a/tokenizer.json", "phases/readme.txt", "a/.probe-1", "studies/draft.txt"):
        store.put(path, b"mine")
    assert swept(store) == []


def running(store: Store, phase: str) -> Attempt:
    """An attempt that may be alive, of which much would be garbage otherwise."""
    train(store, phase, {"last": 8, "best-1": 4})
    records.set_aside(store, records.selection_path(phase, "last"))
    attempt = another_attempt(store, phase)
    for step in (1, 2, 3):
        checkpoint(store, attempt, step)
    snap(store, attempt, 2, ["last"])
    return attempt


def test_nothing_of_a_phase_that_may_be_in_training_is_garbage_needed_or_not(store: Store) -> None:
    for phase in (PHASE, OTHER):
        running(store, phase)
    declare(store, "small", {PHASE: ("last",)})
    assert swept(store) == []
    assert garbage.held(store) == [OTHER]
    for phase in (PHASE, OTHER):
        path = attempt_path(phase, 2)
        store.put(f"{path}/holder.json", as_json(asdict(replace(Holder.me(), boot="another boot"))))
        store.put(f"{path}/heartbeat.json", as_json({"counter": 3, "step": 2}))
    assert swept(store) == [], "on another machine, as far as we know"


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"host": "a", "rank": 3}'])
def test_a_holder_that_is_not_understood_may_be_alive(store: Store, content: bytes | None) -> None:
    path = f"{running(store, PHASE).path}/holder.json"
    declare(store, "small", {})
    store.delete(path) if content is None else store.put(path, content)
    assert swept(store) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_holder_that_is_gone_holds_nothing(store: Store) -> None:
    attempt = running(store, PHASE)
    hold(store, attempt, started="1")
    declare(store, "small", {})
    assert swept(store) != []
    assert store.names("phases") == [] == garbage.held(store)


def test_an_earlier_attempt_without_an_outcome_holds_nothing(store: Store) -> None:
    hold(store, running(store, PHASE), boot="another boot")
    another_attempt(store).end("stopped")
    declare(store, "small", {})
    assert swept(store) != [] and store.names("phases") == []


def test_a_holder_elsewhere_whose_heart_stands_still_for_the_lease_lets_go_of_what_no_study_needs(store: Store) -> None:
    for phase in (PHASE, OTHER, "cccccccccccc"):
        attempt = running(store, phase)
        hold(store, attempt, boot="another boot")
        store.put(f"{attempt.path}/heartbeat.json", as_json({"counter": 3, "step": 2}))
    declare(store, "small", {"cccccccccccc": ("last",)})
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        store.put(f"{attempt_path(OTHER, 2)}/heartbeat.json", as_json({"counter": 4, "step": 2}))

    resting = garbage.at_rest(store, garbage.held(store), wait)
    assert waited == [LEASE] and list(resting) == [PHASE]
    found = garbage.find(store, resting)
    assert [item.path for item in found] == [f"phases/{PHASE}"]
    assert garbage.find(store, garbage.at_rest(store, ["cccccccccccc"], wait)) == [], "needed: whoever goes on will see"
    beats = f"{attempt_path(PHASE, 2)}/heartbeat.json"
    last = store.get(beats) or b""
    store.put(beats, as_json({"counter": 5, "step": 2}))
    assert garbage.find(store, resting) == [] and garbage.sweep(store, found) == 0, "it beats again"
    store.put(beats, last)
    garbage.sweep(store, found)
    assert store.children("phases") == sorted([OTHER, "cccccccccccc"])


def never(seconds: float) -> bool:
    raise AssertionError("there was nobody to wait for")


def test_nobody_waits_when_nothing_is_held(store: Store) -> None:
    declare(store, "small", {})
    assert garbage.at_rest(store, garbage.held(store), never) == {}


def begin(store: Store) -> None:
    another_attempt(store)


def beat(store: Store) -> None:
    store.put(f"{attempt_path(PHASE, 1)}/heartbeat.json", as_json({"counter": 9, "step": 2}))


def need(store: Store) -> None:
    declare(store, "late", {PHASE: ("last",)})


@pytest.mark.parametrize("event", [begin, beat, need])
def test_what_changes_after_it_was_found_is_left_and_the_rest_is_swept(
    store: Store, event: Callable[[Store], None]
) -> None:
    train(store, PHASE, {"last": 8})
    evaluate(store, "g1")
    declare(store, "small", {})
    found = garbage.find(store)
    event(store)
    before = store.names(f"phases/{PHASE}")
    freed = garbage.sweep(store, found)
    assert freed == sum(item.bytes for item in found if item.kind == "evaluation") > 0
    assert store.names(f"phases/{PHASE}") == before and store.names("evaluations") == []


def test_a_rule_that_comes_to_be_needed_keeps_its_checkpoint(store: Store) -> None:
    train(store, PHASE, {"last": 8, "best-1": 4})
    declare(store, "small", {PHASE: ("last",)})
    found = garbage.find(store)
    declare(store, "late", {PHASE: ("best-1",)})
    assert found and garbage.sweep(store, found) == 0
    assert records.read(store, records.selection_path(PHASE, "best-1"))[0] is not None


class Breaks(Store):
    """Storage that fails after so many deletions."""

    left = 0

    def delete(self, *paths: str) -> None:
        for path in paths:
            if self.left == 0:
                raise StoreError("storage does not work", path)
            self.left -= 1
            super().delete(path)


@pytest.mark.parametrize("left", range(14))
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_sweep_that_breaks_off_leaves_no_record_of_what_is_gone_and_is_taken_up_again(
    store: Store, left: int
) -> None:
    attempt = train(store, PHASE, {"last": 8, "best-1": 4})
    snap(store, attempt, 6, ["last"])
    store.delete(f"{attempt.path}/outcome.json")
    hold(store, attempt, started="1")
    evaluate(store, "g1")
    train(store, OTHER, {"last": 8, "best-1": 4})
    declare(store, "small", {OTHER: ("last",)})
    breaks = Breaks(store.url)
    breaks.left = left
    with pytest.raises(StoreError):
        garbage.sweep(breaks, garbage.find(store))
    for name in store.names(""):
        if name.endswith("record.json") or "/selections/" in name or name == "evaluations/g1/n1.json":
            assert records.read(store, name)[1] is None, name
    assert swept(store) != []
    assert store.names(f"phases/{PHASE}") == [] == store.names("evaluations")


def test_who_trains_a_swept_phase_again_has_nobody_to_wait_for(store: Store) -> None:
    train(store, PHASE, {"last": 8})
    declare(store, "small", {})
    swept(store)
    assert store.children("phases") == []
    attempt = open_attempt(store, PHASE, never, lambda: False)
    assert attempt is not None and attempt.number == 1
