"""Data sets made ready for a model: which rows a part has, and what a control does to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.world import World
from xfer.evaluation.prepared import Preparation, Prepared
from xfer.models import spec
from xfer.models.base import Base
from xfer.phase.data_set import DataSet
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED

MNLI = DataSet("mnli", "en", "train", "content", "", 160)


@pytest.fixture
def preparation(small_world: World) -> Preparation:
    folder = small_world.models / "tiny"
    return Preparation(DataRoots((small_world.data,)), SHIPPED, Base(spec.read("tiny", folder, None), folder))


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
