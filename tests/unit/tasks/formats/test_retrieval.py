"""Retrieval: the translation among all candidates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.tasks import toy
from xfer.tasks.formats.base import ENCODED, PREDICTED, Outputs
from xfer.tasks.formats.retrieval import Retrieval
from xfer.tasks.registry import SHIPPED
from xfer.tasks.text import TextEncoder

TASK = SHIPPED.get("tatoeba")
ROWS = pa.table(
    {
        "example": pa.array([4, 6, 7], pa.int32()),
        "cluster": pa.array([4, 6, 7], pa.int32()),
        "query": ["a", "b " * 14, "c"],
        "candidate": ["ab", "cd " * 10, "d"],
    }
)


def test_queries_come_first_and_candidates_after_them_each_a_text_of_its_own() -> None:
    encoded = Retrieval().encode(TASK, ROWS, TextEncoder(toy.tokenizer(), 12))
    assert encoded.schema == ENCODED
    texts = [toy.words(ids) for ids in encoded["input_ids"].to_pylist()]
    assert [texts[i] for i in (0, 2, 3, 5)] == ["<s> a </s>", "<s> c </s>", "<s> a ##b </s>", "<s> d </s>"]
    assert encoded["row"].to_pylist() == [0, 1, 2, 0, 1, 2]
    assert encoded["targets"].to_pylist() == [[]] * 6


def test_answers_are_the_source_rows_of_the_nearest_candidates() -> None:
    encoded = Retrieval().encode(TASK, ROWS, TextEncoder(toy.tokenizer(), 12))
    queries = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float32)
    candidates = np.array([[0, 5], [3, 4], [9, 0]], dtype=np.float32)
    outputs = Outputs(vectors=np.concatenate([queries, candidates]))
    predicted = Retrieval().decode(TASK, ROWS, encoded, outputs)
    assert predicted.schema == PREDICTED
    assert predicted["gold"].to_pylist() == [["4"], ["6"], ["7"]]
    assert predicted["prediction"].to_pylist() == [["7"], ["4"], ["4"]]
    assert np.array(predicted["probabilities"].to_pylist()) == pytest.approx(np.array([[1], [1], [0]]), abs=1e-6)
    assert predicted["truncated"].to_pylist() == [0, 4 + 10, 0], "of the query and of the candidate"


def test_nothing_is_trained_for_retrieval() -> None:
    assert (Retrieval().trainable, Retrieval().size(TASK, 99), Retrieval().output) == (False, 0, "hidden")
