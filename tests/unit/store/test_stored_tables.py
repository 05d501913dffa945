"""What travels from one store to another: all that tables are made from, and no weights."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.unit.store.attempting import another_attempt
from xfer.errors import StoreError
from xfer.store import records, studies, tables
from xfer.store.store import Store
from xfer.store.studies import Needs

NEEDS = Needs(
    study="small", file="small.yaml", phases={"aaa": ("last",)}, evaluations={"eee": ("e",)}, experiments=("x",)
)


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
    assert found == expected
    assert "phases/aaa/record.json" in found and "phases/aaa/selections/last.json" in found
    assert all(here.get(path) == there.get(path) for path in found)


def test_what_is_there_already_stays(there: Store, tmp_path: Path) -> None:
    here = Store(str(tmp_path / "here"))
    here.put("phases/aaa/record.json", b"mine")
    archive = packed(there, tmp_path)
    new = tables.unpack(archive, here)
    assert here.get("phases/aaa/record.json") == b"mine"
    assert tables.unpack(archive, here) == 0 < new


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
