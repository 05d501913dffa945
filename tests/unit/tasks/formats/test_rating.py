"""Ratings: the nearest step is learned, and the mean over steps is the answer."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.tasks import toy
from xfer.errors import DataError
from xfer.tasks.formats.base import ENCODED, PREDICTED, Outputs
from xfer.tasks.formats.rating import Rating
from xfer.tasks.metrics import PEARSON, SPEARMAN
from xfer.tasks.registry import SHIPPED
from xfer.tasks.text import TextEncoder

TASK = SHIPPED.get("stsb")


def rows(*scores: float) -> pa.Table:
    numbers = pa.array(range(4, 4 + len(scores)), pa.int32())
    texts = ["ab", "c", "d"][: len(scores)]
    return pa.table({"example": numbers, "cluster": numbers, "first": texts, "second": texts[::-1], "score": scores})


def test_the_nearest_step_is_the_target() -> None:
    encoded = Rating().encode(TASK, rows(0.0, 3.75, 4.92), TextEncoder(toy.tokenizer(), 12))
    assert encoded.schema == ENCODED
    assert [float(TASK.labels[target]) for (target,) in encoded["targets"].to_pylist()] == [0.0, 3.8, 5.0]
    assert toy.words(encoded["input_ids"][0].as_py()) == "<s> a ##b </s> </s> d </s>"


def test_the_answer_is_the_mean_of_the_steps_by_their_probabilities() -> None:
    table = rows(0.0, 3.75, 5.0)
    encoded = Rating().encode(TASK, table, TextEncoder(toy.tokenizer(), 12))
    logits = np.random.default_rng(1).normal(0, 2, (3, 26)).astype(np.float32)
    predicted = Rating().decode(TASK, table, encoded, Outputs(logits=logits))
    assert predicted.schema == PREDICTED and predicted["gold"].to_pylist() == [["0"], ["3.75"], ["5"]]
    for (answer,), line in zip(predicted["prediction"].to_pylist(), logits.astype(float).tolist(), strict=True):
        weights = [math.exp(value) for value in line]
        expected = sum(weight * step / 5 for step, weight in enumerate(weights)) / sum(weights)
        assert float(answer) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("score", [-1.0, 5.1, math.nan])
def test_a_score_beyond_the_scale_is_refused_by_its_row(score: float) -> None:
    with pytest.raises(DataError, match=r"somewhere: row 5: score .*\n.*between 0\.0 and 5\.0"):
        Rating().check(TASK, rows(1.0, score), "somewhere")


def test_correlations_are_those_of_the_definitions() -> None:
    """Pearson's from its sums; Spearman's as Pearson's of the ranks, ties at their mean."""
    random = np.random.default_rng(2)
    for _ in range(200):
        right, found = random.integers(0, 6, 9).astype(float), random.integers(0, 6, 9) / 2
        if len(set(right)) < 2 or len(set(found)) < 2:
            continue
        gold, answers = ([[str(value)] for value in values] for values in (right, found))
        assert PEARSON.compute(gold, answers, "en") == pytest.approx(pearson(right, found), abs=1e-12)
        assert SPEARMAN.compute(gold, answers, "en") == pytest.approx(pearson(ranks(right), ranks(found)), abs=1e-12)
    assert PEARSON.compute([["1"], ["2"]], [["3"], ["3"]], "en") == 0


def pearson(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one - sum(one) / len(one), other - sum(other) / len(other)
    return float(sum(one * other) / math.sqrt(sum(one * one) * sum(other * other)))


def ranks(values: np.ndarray) -> np.ndarray:
    return np.array([sum(values < value) + (sum(values == value) + 1) / 2 for value in values])
