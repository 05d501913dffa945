"""What travels from one store to another: all that tables are made from, and no weights."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.unit.store.attempting import another_attempt
from xfer.errors import StoreError
from xfer.store import dropping, marks, records, studies, tables
from xfer.store.store import Store
from xfer.store.studies import Needs

NEEDS = Needs(
    study="small", file="small.yaml", phases={"aaa": ("last",)}, evaluations={"eee": ("e",)}, experiments=("x",)
)

LAST, MARK = "phases/aaa/selections/last.json", "phases/aaa/attempts/1/checkpoints/8.dropped"
WEIGHTS = "phases/aaa/attempts/1/checkpoints/8/model.safetensors"


@pytest.fixture
def there(tmp_path: Path) -> Store:
    """A store with one study of two, its checkpoint, and what another study has."""
    store = Store(str(tmp_path / "there"))
    for phase in ("aaa", "bbb"):
        attempt = another_attempt(store, phase)
        store.put(f"{attempt.path}/checkpoints/8/model.safetensors", b"weights")
        store.put(f"{attempt.path}/snapshots/4/state.safetensors", b"tensors")
        store.put(f"{attempt.path}/curves.parquet", b"curves")
        made = {"last": {"path": f"{attempt.path}/checkpoints/8", "step": 8, "looks": []}}
        assert records.commit(store, attempt, made, {"tables": [f"{attempt.path}/curves.parquet"]})
        attempt.end("committed")
    for path in (
        "evaluations/eee/p.parquet",
        "evaluations/eee/p.json",
        "evaluations/fff/q.json",
        "experiments/x/d.json",
    ):
        store.put(path, b"{}")
    studies.declare(store, NEEDS)
    return store


def packed(store: Store, folder: Path) -> Path:
    path = folder / "tables.tar.gz"
    with path.open("wb") as stream:
        tables.pack(store, "small", stream)
    return path


def test_all_but_weights_arrives_and_nothing_of_others(there: Store, tmp_path: Path) -> None:
    here = Store(str(tmp_path / "here"))
    tables.unpack(packed(there, tmp_path), here)
    found = set(here.names(""))
    expected = {
        path
        for folder in ("phases/aaa", "evaluations/eee", "experiments/x", "studies")
        for path in there.names(folder)
        if "checkpoints" not in path and "snapshots" not in path
    }
    assert found == expected | {MARK}
    assert "phases/aaa/record.json" in found and "phases/aaa/selections/last.json" in found
    assert all(here.get(path) == there.get(path) for path in expected)


def test_what_is_there_already_stays(there: Store, tmp_path: Path) -> None:
    here = Store(str(tmp_path / "here"))
    here.put("phases/aaa/record.json", b"mine")
    archive = packed(there, tmp_path)
    new = tables.unpack(archive, here)
    assert here.get("phases/aaa/record.json") == b"mine"
    assert tables.unpack(archive, here) == 0 < new


def test_what_has_arrived_is_complete_without_weights_and_nothing_there_has_changed(
    there: Store, tmp_path: Path
) -> None:
    here, before = Store(str(tmp_path / "here")), there.names("")
    tables.unpack(packed(there, tmp_path), here)
    record, problem = records.read(here, LAST)
    assert problem is None and record is not None and records.weightless(here, record)
    assert marks.why(here, record) == "they were not fetched"
    assert there.names("") == before and not records.weightless(there, record)


def test_weights_that_were_dropped_there_travel_no_further(there: Store, tmp_path: Path) -> None:
    dropping.drop(there, "aaa", ["last"], "enough", set)
    here = Store(str(tmp_path / "here"))
    tables.unpack(packed(there, tmp_path), here)
    assert here.names("phases/aaa/attempts/1/checkpoints") == [MARK]
    assert records.read(here, LAST)[1] is None


def test_weights_that_are_here_stay_and_get_no_mark(there: Store, tmp_path: Path) -> None:
    here = Store(str(tmp_path / "here"))
    for path in there.names("phases"):
        here.put(path, there.get(path) or b"")
    tables.unpack(packed(there, tmp_path), here)
    assert MARK not in here.names("") and records.read(here, LAST)[1] is None


def test_weights_that_came_before_their_record_get_no_mark(there: Store, tmp_path: Path) -> None:
    here = Store(str(tmp_path / "here"))
    here.put(WEIGHTS, b"weights")
    tables.unpack(packed(there, tmp_path), here)
    assert MARK not in here.names("") and records.read(here, LAST)[1] is None


def test_other_weights_that_an_attempt_here_has_left_are_not_taken_for_them(there: Store, tmp_path: Path) -> None:
    here = Store(str(tmp_path / "here"))
    here.put(WEIGHTS, b"Weights")
    tables.unpack(packed(there, tmp_path), here)
    record, problem = records.read(here, LAST)
    assert problem is None and record is not None and records.weightless(here, record)


@pytest.mark.parametrize("harm", [b"Weights", None])
def test_what_was_harmed_here_is_not_hidden_by_fetching_and_what_was_fetched_without_a_mark_gets_one(
    there: Store, tmp_path: Path, harm: bytes | None
) -> None:
    here = Store(str(tmp_path / "here"))
    for path in there.names("phases"):
        here.put(path, there.get(path) or b"")
    here.delete(WEIGHTS) if harm is None else here.put(WEIGHTS, harm)
    assert "model.safetensors" in str(records.read(here, LAST)[1])
    tables.unpack(packed(there, tmp_path), here)
    assert (records.read(here, LAST)[1] is None) == (harm is None)


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}"])
def test_a_record_there_that_is_none_is_none_here_either(there: Store, tmp_path: Path, content: bytes) -> None:
    there.put(LAST, content)
    here = Store(str(tmp_path / "here"))
    tables.unpack(packed(there, tmp_path), here)
    assert records.read(here, LAST)[1] is not None and MARK not in here.names("")


class Recorder(Store):
    """Remembers what of selections was created, in order."""

    def create(self, path: str, content: bytes) -> bool:
        if "checkpoints" in path or "selections" in path:
            self.__dict__.setdefault("created", []).append(path)
        return super().create(path, content)


def test_the_mark_is_there_before_the_record(there: Store, tmp_path: Path) -> None:
    here = Recorder(str(tmp_path / "here"))
    tables.unpack(packed(there, tmp_path), here)
    assert here.__dict__["created"] == [MARK, LAST]


def test_half_an_archive_puts_nothing(there: Store, tmp_path: Path) -> None:
    here = Store(str(tmp_path / "here"))
    archive = packed(there, tmp_path)
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(StoreError, match="did not arrive whole"):
        tables.unpack(archive, here)
    assert here.names("") == []


def test_a_study_that_the_store_does_not_know_is_told(there: Store) -> None:
    with pytest.raises(StoreError, match=r"knows no study 'large'(.|\n)*studies: small"):
        tables.pack(there, "large", io.BytesIO())
