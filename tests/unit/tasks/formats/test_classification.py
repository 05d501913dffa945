"""Classification: labels by the task's order, probabilities from logits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.tasks import toy
from xfer.tasks.formats.base import ENCODED, PREDICTED, Floats, Outputs
from xfer.tasks.formats.classification import Classification
from xfer.tasks.registry import SHIPPED
from xfer.tasks.text import TextEncoder

TASK = SHIPPED.get("mnli")
ROWS = pa.table(
    {
        "example": pa.array([3, 5, 8, 9], pa.int32()),
        "cluster": pa.array([0, 0, 1, 2], pa.int32()),
        "first": ["ab", "c", "d", "a " * 20],
        "second": ["c", "d d", "", "b"],
        "label": ["contradiction", "entailment", "neutral", "neutral"],
    }
)


def encode() -> pa.Table:
    return Classification().encode(TASK, ROWS, TextEncoder(toy.tokenizer(), 12))


def decode(logits: Floats) -> pa.Table:
    return Classification().decode(TASK, ROWS, encode(), Outputs(logits=logits))


def test_each_pair_is_one_input_whose_target_is_its_labels_place_in_the_task() -> None:
    encoded = encode()
    assert encoded.schema == ENCODED
    assert [toy.words(ids) for ids in encoded["input_ids"].to_pylist()][:3] == [
        "<s> a ##b </s> </s> c </s>", "<s> c </s> </s> d d </s>", "<s> d </s> </s> </s>",
    ]  # fmt: skip
    assert encoded["targets"].to_pylist() == [[2], [0], [1], [1]]
    assert encoded["row"].to_pylist() == [0, 1, 2, 3]


def test_probabilities_are_the_softmax_in_the_tasks_order_and_the_best_is_predicted() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (4, 3)).astype(np.float32)
    predicted = decode(logits)
    assert predicted.schema == PREDICTED
    probabilities = np.array(predicted["probabilities"].to_pylist())
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-6)
    for line, scores in zip(probabilities, logits.astype(float), strict=True):
        assert line == pytest.approx([np.exp(s) / sum(np.exp(scores)) for s in scores], abs=1e-6)
    assert predicted["prediction"].to_pylist() == [[TASK.labels[int(line.argmax())]] for line in logits]


def test_gold_examples_and_clusters_are_the_rows_own() -> None:
    predicted = decode(np.eye(4, 3, dtype=np.float32))
    assert predicted["gold"].to_pylist() == [[label] for label in ROWS["label"].to_pylist()]
    assert predicted["prediction"].to_pylist()[:3] == [["entailment"], ["neutral"], ["contradiction"]]
    assert predicted["example"].to_pylist() == [3, 5, 8, 9]
    assert predicted["cluster"].to_pylist() == [0, 0, 1, 2]
    assert [cut > 0 for cut in predicted["truncated"].to_pylist()] == [False, False, False, True]


def test_huge_logits_do_not_overflow() -> None:
    logits = np.array([[1e4, 0, -1e4], [-3e38, -3e38, -3e38], [3e38, -3e38, 0], [0, 0, 0]], dtype=np.float32)
    probabilities = np.array(decode(logits)["probabilities"].to_pylist())
    assert probabilities.tolist() == [
        [1, 0, 0], pytest.approx([1 / 3] * 3), [1, 0, 0], pytest.approx([1 / 3] * 3),
    ]  # fmt: skip


def test_a_task_of_single_texts_is_encoded_without_a_second_one() -> None:
    task = SHIPPED.get("sst2")
    assert set(task.columns) == {"first", "label"}
    rows = ROWS.drop_columns("second").set_column(3, "label", [["negative", "positive", "positive", "negative"]])
    encoded = Classification().encode(task, rows, TextEncoder(toy.tokenizer(), 12))
    assert [toy.words(ids) for ids in encoded["input_ids"].to_pylist()][:3] == [
        "<s> a ##b </s>", "<s> c </s>", "<s> d </s>",
    ]  # fmt: skip
    assert encoded["type_ids"].to_pylist()[0] == [0, 0, 0, 0]
    assert encoded["targets"].to_pylist() == [[0], [1], [1], [0]]
    predicted = Classification().decode(task, rows, encoded, Outputs(logits=np.eye(4, 2, dtype=np.float32)))
    assert predicted["prediction"].to_pylist() == [["negative"], ["positive"], ["negative"], ["negative"]]
    assert [cut > 0 for cut in predicted["truncated"].to_pylist()] == [False, False, False, True]


def test_the_head_is_as_wide_as_the_label_set() -> None:
    assert Classification().size(TASK, 99) == 3
    assert Classification().size(SHIPPED.get("pawsx"), 99) == 2
