"""Data sets made ready for a model: which rows a part has, and what a control does to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from tests.world import World
from xfer.errors import DataError
from xfer.evaluation.cache import TableCache
from xfer.evaluation.prepared import Preparation, Prepared
from xfer.models import spec
from xfer.models.base import Base
from xfer.phase.data_set import DataSet
from xfer.tasks.data import DataRoots
from xfer.tasks.formats import base as formats
from xfer.tasks.registry import SHIPPED, Registry

MNLI = DataSet("mnli", "en", "train", "content", "", 160)


OWN = """
from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task


class Mine(Classification):
    name = "mine"


TASK = Task(
    "mine", format=Mine(), source=hub("nyu-mll/glue", "mnli"), languages=("en",), metric="accuracy",
    columns={"first": "premise", "second": "hypothesis", "label": "label"},
    labels=("entailment", "neutral", "contradiction"), splits={"train": "train"},
)
"""


def made(world: World, folder: Path, roots: DataRoots | None = None) -> Preparation:
    """One that keeps what it makes in ``folder``."""
    model = world.models / "tiny"
    base = Base(spec.read("tiny", model, None), model)
    return Preparation(roots or DataRoots((world.data,)), SHIPPED, base, TableCache(folder))


@pytest.fixture
def preparation(small_world: World, tmp_path: Path) -> Preparation:
    return made(small_world, tmp_path / "cache")


def locked(roots: DataRoots) -> DataSet:
    """MNLI's training data as a lock has them."""
    task = SHIPPED.get("mnli")
    return replace(MNLI, data=roots.fingerprint(task, "en", "train"), declaration=task.declaration_key)


def examples(prepared: Prepared) -> list[int]:
    found: list[int] = prepared.rows["example"].to_pylist()
    return found


def test_a_whole_data_set_has_all_its_rows_in_their_order(preparation: Preparation) -> None:
    found = preparation.of(MNLI, 32)
    assert examples(found) == list(range(160))
    assert found.encoded.rows == 160 and found.task == SHIPPED.get("mnli")


def test_a_part_is_drawn_from_all_rows_and_each_stands_there_once(preparation: Preparation) -> None:
    found = examples(preparation.of(MNLI.part(40), 32))
    assert len(found) == len(set(found)) == 40
    assert found == sorted(found)
    assert min(found) < 30 and max(found) > 130, "not the first ones"


def test_smaller_parts_are_parts_of_larger_ones(preparation: Preparation) -> None:
    """So that a curve over the number of examples adds examples and does not exchange them."""
    parts = [set(examples(preparation.of(MNLI.part(n), 32))) for n in (5, 20, 80, 159)]
    assert all(small < large for small, large in pairwise(parts))


def test_which_rows_a_part_has_follows_from_the_data_alone(preparation: Preparation, small_world: World) -> None:
    part = MNLI.part(40)
    again = Preparation(DataRoots((small_world.data,)), SHIPPED, preparation.base)
    assert examples(preparation.of(part, 32)) == examples(again.of(part, 16))
    assert examples(preparation.of(part, 32)) != examples(preparation.of(replace(part, data="other content"), 32))


def test_a_part_keeps_the_labels_of_its_rows(preparation: Preparation) -> None:
    whole = preparation.of(MNLI, 32).rows.to_pylist()
    assert preparation.of(MNLI.part(40), 32).rows.to_pylist() == [
        whole[example] for example in examples(preparation.of(MNLI.part(40), 32))
    ]


def test_shuffled_labels_are_those_of_the_part_dealt_out_anew(preparation: Preparation) -> None:
    part, control = (preparation.of(MNLI.part(100, shuffled=shuffled), 32) for shuffled in (False, True))
    assert part.rows.drop_columns("label").equals(control.rows.drop_columns("label"))
    gold, dealt = part.rows["label"].to_pylist(), control.rows["label"].to_pylist()
    assert gold != dealt and Counter(gold) == Counter(dealt)
    index = {label: number for number, label in enumerate(part.task.labels)}
    assert control.encoded.table["targets"].to_pylist() == [[index[label]] for label in dealt], "learned as dealt"


def test_a_data_set_is_made_ready_once(preparation: Preparation) -> None:
    assert preparation.of(MNLI.part(40), 32) is preparation.of(MNLI.part(40), 32)
    assert preparation.of(MNLI.part(40), 16).encoded.lengths.max() <= 16


def test_another_process_finds_what_one_has_made_without_the_data(small_world: World, tmp_path: Path) -> None:
    """As shown by one that has no data."""
    data = locked(DataRoots((small_world.data,)))
    first = made(small_world, tmp_path / "cache").of(data, 32)
    other = made(small_world, tmp_path / "cache", DataRoots((tmp_path / "nothing",)))
    found = other.of(data, 32)
    assert found.rows.equals(first.rows) and found.encoded.table.equals(first.encoded.table)
    with pytest.raises(DataError):
        made(small_world, tmp_path / "other", DataRoots((tmp_path / "nothing",))).of(data, 32)


def test_what_was_prepared_is_there_for_others(small_world: World, tmp_path: Path) -> None:
    data = locked(DataRoots((small_world.data,)))
    preparation = made(small_world, tmp_path / "cache")
    for _ in range(2):
        preparation.prepare(data.part(40), 16)
    other = made(small_world, tmp_path / "cache", DataRoots((tmp_path / "nothing",)))
    assert len(other.of(data.part(40), 16).encoded) == 40
    assert len(list((tmp_path / "cache").glob("*.arrow"))) == 2, "rows of the whole, sub-tokens of the part"


def test_whatever_shapes_the_sub_tokens_has_an_entry_of_its_own(small_world: World, tmp_path: Path) -> None:
    data = locked(DataRoots((small_world.data,)))
    preparation = made(small_world, tmp_path / "cache")
    wanted = [(data, 32), (data, 16), (data.part(40), 32), (data.part(41), 32), (data.part(40, shuffled=True), 32)]
    for one, length in wanted:
        preparation.of(one, length)
    assert len(list((tmp_path / "cache").glob("*.arrow"))) == 1 + len(wanted)
    fresh = made(small_world, tmp_path / "other")
    for one, length in wanted:
        assert fresh.of(one, length).encoded.table.equals(preparation.of(one, length).encoded.table)


def test_what_is_encoded_in_slices_is_what_is_encoded_at_once(
    small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = locked(DataRoots((small_world.data,)))
    whole = made(small_world, tmp_path / "whole").of(data, 32)
    monkeypatch.setattr(formats, "SLICE", whole.rows.nbytes // 9)
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "kept", tmp_path / "file"):
        found = made(small_world, folder).of(data, 32).encoded.table
        assert found.equals(whole.encoded.table) and all(column.num_chunks == 1 for column in found.columns)
    kept = [pa.ipc.open_file(path).num_record_batches for path in (tmp_path / "kept").glob("*.arrow")]
    assert kept == [1, 1], "mapped as one piece"


def test_data_that_are_not_the_locks_are_not_kept(preparation: Preparation, tmp_path: Path) -> None:
    preparation.of(MNLI, 32)
    assert list((tmp_path / "cache").glob("*.arrow")) == []


def test_a_format_of_the_studys_own_is_encoded_anew_each_time(tmp_path: Path, small_world: World) -> None:
    """Its code may have changed since."""
    model = small_world.models / "tiny"
    (tmp_path / "mine.py").write_text(OWN)
    registry = Registry(tmp_path)
    roots = DataRoots((small_world.data,))
    content = roots.fingerprint(registry.get("mine"), "en", "train")
    data = DataSet("mine", "en", "train", content, registry.get("mine").declaration_key, 160)
    base = Base(spec.read("tiny", model, None), model)
    found = Preparation(roots, registry, base, TableCache(tmp_path / "cache")).of(data, 32)
    assert len(found.encoded) == 160
    assert len(list((tmp_path / "cache").glob("*.arrow"))) == 1, "only its rows"
