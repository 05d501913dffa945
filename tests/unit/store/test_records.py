"""Records and parts: complete only while every file is what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.store.attempting import PHASE, another_attempt
from xfer.errors import StoreError
from xfer.store import experiments, parts, records
from xfer.store.attempts import Attempt
from xfer.store.store import Store, as_json


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def trained(store: Store) -> Attempt:
    """An attempt with a checkpoint of two files and a table."""
    attempt = another_attempt(store)
    store.put(f"{attempt.path}/checkpoints/8/model.safetensors", b"weights")
    store.put(f"{attempt.path}/checkpoints/8/config.json", b"{}")
    store.put(f"{attempt.path}/curves.parquet", b"curves")
    return attempt


def commit(store: Store, attempt: Attempt) -> bool:
    selection = {"path": f"{attempt.path}/checkpoints/8", "step": 8}
    return records.commit(store, attempt, {"rule": selection}, {"tables": [f"{attempt.path}/curves.parquet"], "a": 1})


def test_a_commit_says_what_there_is_and_who_made_it(store: Store) -> None:
    attempt = trained(store)
    assert commit(store, attempt)
    selection, problem = records.read(store, records.selection_path(PHASE, "rule"))
    assert selection is not None and problem is None
    assert (selection["step"], selection["attempt"]) == (8, 1)
    assert sorted(selection["files"]) == store.names(f"{attempt.path}/checkpoints/8")
    assert selection["files"][f"{attempt.path}/checkpoints/8/config.json"] == {
        "bytes": 2, "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }  # fmt: skip
    record, problem = records.read(store, records.record_path(PHASE))
    assert record is not None and problem is None
    assert (record["a"], record["attempt"]) == (1, 1) and list(record["files"]) == [f"{attempt.path}/curves.parquet"]


class Recorder(Store):
    """Remembers the order of what was created."""

    def create(self, path: str, content: bytes) -> bool:
        self.__dict__.setdefault("created", []).append(path)
        return super().create(path, content)


def test_the_phases_record_is_written_after_those_of_its_selections(store: Store) -> None:
    recorder = Recorder(store.url)
    attempt = trained(recorder)
    assert commit(recorder, attempt)
    created: list[str] = recorder.__dict__["created"]
    assert created[1:] == [records.selection_path(PHASE, "rule"), records.record_path(PHASE)]


def test_a_commit_after_a_later_attempt_was_opened_is_refused_and_writes_nothing(store: Store) -> None:
    first, second = trained(store), trained(store)
    before = store.names("")
    assert not commit(store, first)
    assert store.names("") == before
    assert commit(store, second)
    assert (store.get_json(records.record_path(PHASE)) or {})["attempt"] == 2


def test_what_is_on_record_stays_when_a_later_attempt_adds_a_selection(store: Store) -> None:
    assert commit(store, trained(store))
    later = trained(store)
    selection = {"path": f"{later.path}/checkpoints/8", "step": 8}
    assert records.commit(store, later, {"rule": selection, "other": selection}, {})
    assert (store.get_json(records.record_path(PHASE)) or {})["attempt"] == 1
    attempts = [(store.get_json(records.selection_path(PHASE, rule)) or {})["attempt"] for rule in ("rule", "other")]
    assert attempts == [1, 2]


@pytest.mark.parametrize("lost", ["checkpoints/8/model.safetensors", "checkpoints/8/config.json", "curves.parquet"])
def test_a_file_that_is_gone_before_the_commit_is_a_store_error_or_is_not_on_record(store: Store, lost: str) -> None:
    attempt = trained(store)
    store.delete(f"{attempt.path}/{lost}")
    if lost.startswith("checkpoints"):
        store.delete(*store.names(f"{attempt.path}/checkpoints"))
    with pytest.raises(StoreError, match=f"{attempt.path}/{lost.partition('/8/')[0]}"):
        commit(store, attempt)
    assert store.size(records.record_path(PHASE)) is None


def flip(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("harm", [flip, lambda content: content[:-1], lambda content: content + b" ", None])
@pytest.mark.parametrize("which", ["checkpoints/8/config.json", "checkpoints/8/model.safetensors", "curves.parquet"])
def test_a_record_with_a_changed_cut_longer_or_missing_file_counts_as_absent_and_names_it(
    store: Store, which: str, harm: Callable[[bytes], bytes] | None
) -> None:
    attempt = trained(store)
    commit(store, attempt)
    path = f"{attempt.path}/{which}"
    if harm is None:
        store.delete(path)
    else:
        store.put(path, harm(store.get(path) or b""))
    harmed = records.record_path(PHASE) if which == "curves.parquet" else records.selection_path(PHASE, "rule")
    record, problem = records.read(store, harmed)
    assert record is None and problem is not None and path in problem
    other = records.selection_path(PHASE, "rule") if which == "curves.parquet" else records.record_path(PHASE)
    assert records.read(store, other)[1] is None


@pytest.mark.parametrize("content", [b'{"format": 1, "fi', b'{"format": 0}', b"{}", b"[]", b""])
def test_a_record_that_is_no_record_is_damaged_and_none_at_all_is_not(store: Store, content: bytes) -> None:
    path = records.record_path(PHASE)
    assert records.read(store, path) == (None, None)
    store.put(path, content)
    record, problem = records.read(store, path)
    assert record is None and problem is not None and path in problem


def test_work_whose_record_was_set_aside_can_be_committed_again(store: Store) -> None:
    commit(store, trained(store))
    path = records.selection_path(PHASE, "rule")
    store.delete(f"phases/{PHASE}/attempts/1/checkpoints/8/config.json")
    old = store.get(path)
    records.set_aside(store, path)
    assert records.read(store, path) == (None, None)
    assert store.get(path.replace(".json", ".damaged")) == old
    commit(store, trained(store))
    record, problem = records.read(store, path)
    assert record is not None and record["attempt"] == 2 and problem is None


def test_a_record_that_somebody_else_has_set_aside_already_is_no_error(store: Store) -> None:
    commit(store, trained(store))
    for _ in range(2):
        records.set_aside(store, records.record_path(PHASE))
    assert records.read(store, records.record_path(PHASE)) == (None, None)


def test_a_part_is_there_once_its_record_is_and_who_comes_second_changes_nothing(store: Store) -> None:
    store.put(parts.part_path("g", "n1"), b"table")
    assert list(parts.each(store, "g")) == [] == parts.names(store, "g")
    parts.commit(store, "g", "n1", ["e1", "e2"], "xnli")
    parts.commit(store, "g", "n1", ["e3"], "udpos")
    store.put(parts.scores_path("g", "n1", "s1"), b"scores")
    store.put(parts.part_path("g2", "n2"), b"of another group")
    parts.commit(store, "g2", "n2", ["e4"], "xnli")
    ((path, record, problem),) = parts.each(store, "g")
    assert problem is None and record is not None
    assert path == "evaluations/g/n1.json" and record["evaluations"] == ["e1", "e2"]
    assert parts.names(store, "g") == [("n1", "xnli")]


def test_a_part_whose_table_was_changed_is_damaged_and_named(store: Store) -> None:
    for name in ("n1", "n2"):
        store.put(parts.part_path("g", name), b"table")
        parts.commit(store, "g", name, [name], "xnli")
    store.put(parts.part_path("g", "n2"), b"tablf")
    found = {path: problem for path, _, problem in parts.each(store, "g")}
    assert found["evaluations/g/n1.json"] is None
    assert parts.part_path("g", "n2") in str(found["evaluations/g/n2.json"])


def test_a_part_without_its_table_is_not_committed(store: Store) -> None:
    with pytest.raises(StoreError):
        parts.commit(store, "g", "n1", ["e1"], "xnli")
    assert store.names("") == []


def test_the_first_decision_of_an_experiment_stands(store: Store) -> None:
    assert experiments.read(store, "e") is None
    assert experiments.decide(store, "e", {"values": {"learning_rate": 1e-5}}) == {"values": {"learning_rate": 1e-5}}
    assert experiments.decide(store, "e", {"values": {"learning_rate": 3e-5}}) == {"values": {"learning_rate": 1e-5}}
    assert experiments.read(store, "e") == {"values": {"learning_rate": 1e-5}}
    assert as_json({"values": {"learning_rate": 1e-5}}) == store.get("experiments/e/decision.json")
