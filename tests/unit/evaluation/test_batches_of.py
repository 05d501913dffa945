"""Batches at evaluation follow from lengths alone, and answers come back in the order of what was asked."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="predictions need torch")

from xfer.evaluation.predict import STEP, Answers, _in_order, _joined, batches_of

LENGTHS = np.random.default_rng(1).integers(3, 400, 300)


@pytest.mark.parametrize("tokens", [64, 1024, 100_000])
def test_every_line_goes_once_into_a_batch_that_it_fits_and_that_is_not_too_large(tokens: int) -> None:
    batches = batches_of(LENGTHS, tokens)
    assert sorted(np.concatenate([lines for lines, _ in batches])) == list(range(300))
    for lines, length in batches:
        assert length % STEP == 0 and 0 <= length - LENGTHS[lines].max() < STEP
        assert len(lines) * length <= tokens or len(lines) == 1


def test_little_is_padding_when_lines_are_many() -> None:
    lengths = np.random.default_rng(2).integers(8, 200, 5000)
    padded = sum(len(lines) * length for lines, length in batches_of(lengths, 4096))
    assert padded / lengths.sum() < 1.1


@pytest.mark.parametrize("world", [1, 2, 3, 50])
@pytest.mark.parametrize("kind", ["logits", "vectors", "choices"])
def test_answers_are_put_in_order_whoever_gave_them(world: int, kind: str) -> None:
    """Each answers with the numbers of its lines; of choices, line n has n % 4."""
    batches = batches_of(LENGTHS, 2048)

    def answer(lines: np.ndarray) -> Answers:
        if kind == "choices":
            return np.repeat(lines, lines % 4).astype(np.int32), lines % 4
        return np.stack([lines, -lines], 1).astype(np.float32), np.ones(len(lines), np.int64)

    given = [_joined([answer(lines) for lines, _ in batches[rank::world]]) for rank in range(world)]
    found = _in_order(given, batches, kind == "vectors")
    if kind == "choices":
        assert found.choices is not None
        assert [line.tolist() for line in found.choices] == [[n] * (n % 4) for n in range(300)]
        return
    values = found.vectors if kind == "vectors" else found.logits
    assert values is not None and values.tolist() == [[n, -n] for n in range(300)]
