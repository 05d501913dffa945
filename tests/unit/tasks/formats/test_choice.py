"""Multiple choice: an input for each option, one answer for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.tasks import toy
from xfer.errors import DataError
from xfer.tasks.batches import Encoded, Schedule
from xfer.tasks.formats.base import ENCODED, PREDICTED, Outputs
from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task
from xfer.tasks.text import TextEncoder

TASK = Task(
    "which", format=Choice(), source=hub("me/which", "default"), labels=("A", "B", "C"), languages=("en",),
    columns={"question": "question", "options": ("a", "b", "c"), "label": "answer"}, metric="accuracy",
)  # fmt: skip
OPTIONS = [["a", "b b", "c"], ["d", "ab", "a " * 20]]


def rows(**columns: Any) -> pa.Table:
    numbers = pa.array([4, 7], pa.int32())
    return pa.table({"example": numbers, "cluster": numbers, "options": OPTIONS, "label": ["B", "C"], **columns})


def encode(table: pa.Table) -> pa.Table:
    return Choice().encode(TASK, table, TextEncoder(toy.tokenizer(), 12))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"question": ["d", "c"]}, ["<s> d </s> </s> a </s>", "<s> d </s> </s> b b </s>"]),
        ({"context": ["ab", "c"]}, ["<s> a ##b </s> </s> a </s>", "<s> a ##b </s> </s> b b </s>"]),
        (
            {"context": ["ab", "c"], "question": ["d", "c"]},
            ["<s> a ##b </s> </s> d a </s>", "<s> a ##b </s> </s> d b b </s>"],
        ),
    ],
)
def test_an_option_stands_after_the_context_and_the_question(columns: dict[str, Any], expected: list[str]) -> None:
    encoded = encode(rows(**columns))
    assert encoded.schema == ENCODED
    assert [toy.words(ids) for ids in encoded["input_ids"].to_pylist()][:2] == expected
    assert encoded["row"].to_pylist() == [0, 0, 0, 1, 1, 1]


def test_a_rows_first_input_alone_carries_its_label() -> None:
    assert encode(rows(question=["d", "c"]))["targets"].to_pylist() == [[1], [], [], [2], [], []]


def test_the_best_of_a_rows_options_is_predicted_by_name() -> None:
    table = rows(question=["d", "c"])
    logits = np.array([[0, 2, 1], [5, 1, 0]], np.float32)
    predicted = Choice().decode(TASK, table, encode(table), Outputs(logits=logits))
    assert predicted.schema == PREDICTED
    assert (predicted["gold"].to_pylist(), predicted["prediction"].to_pylist()) == ([["B"], ["C"]], [["B"], ["A"]])
    assert [sum(line) for line in predicted["probabilities"].to_pylist()] == pytest.approx([1, 1], abs=1e-6)
    assert [cut > 0 for cut in predicted["truncated"].to_pylist()] == [False, True]


def test_no_micro_batch_parts_the_options_of_a_row() -> None:
    lengths = np.random.default_rng(1).integers(3, 40, (50, 3))
    encoded = Encoded(toy.encoded(lengths.tolist()).table, together=3)
    schedule = Schedule([encoded], (1.0,), 20, batch_size=8, micro_batch_size=7, seed=1)
    for step in range(20):
        micro_batches = schedule.at(step)
        assert all(len(micro.inputs) <= 7 for micro in micro_batches), "seven inputs hold two rows"
        for micro in micro_batches:
            of_rows = encoded.row_of[micro.inputs].reshape(-1, 3)
            assert (of_rows == of_rows[:, :1]).all() and (np.diff(micro.inputs.reshape(-1, 3)) == 1).all()
            assert micro.length >= encoded.lengths[micro.inputs].max()


@pytest.mark.parametrize("options", [["a", "b"], ["a", "b", "c", "d"], []])
def test_a_row_with_another_number_of_options_is_refused_by_its_number(options: list[str]) -> None:
    table = rows(question=["d", "c"])
    wrong = pa.array([OPTIONS[0], options], pa.list_(pa.string()))
    with pytest.raises(DataError, match=f"somewhere: row 7: {len(options)} options\n.*which has 3"):
        Choice().check(TASK, table.set_column(2, "options", wrong), "somewhere")


def test_a_task_that_asks_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="neither a context nor a question"):
        Choice().check(TASK, rows(), "somewhere")
