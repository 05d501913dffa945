"""Batches at evaluation follow from lengths alone, and answers come back in the order of what was asked."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="predictions need torch")

from tests.unit.tasks import toy
from xfer.evaluation.predict import STEP, Answers, _in_order, _joined, batches_of
from xfer.tasks.batches import Encoded

LENGTHS = np.random.default_rng(1).integers(3, 400, 300)
ENCODED = toy.encoded([[length] for length in LENGTHS])


@pytest.mark.parametrize("tokens", [64, 1024, 100_000])
def test_every_line_goes_once_into_a_batch_that_it_fits_and_that_is_not_too_large(tokens: int) -> None:
    batches = batches_of(ENCODED, tokens)
    assert sorted(np.concatenate([lines for lines, _ in batches])) == list(range(300))
    for lines, length in batches:
        assert length % STEP == 0 and 0 <= length - LENGTHS[lines].max() < STEP
        assert len(lines) * length <= tokens or len(lines) == 1


def test_little_is_padding_when_lines_are_many() -> None:
    lengths = np.random.default_rng(2).integers(8, 200, 5000)
    padded = sum(
        len(lines) * length for lines, length in batches_of(toy.encoded([[length] for length in lengths]), 4096)
    )
    assert padded / lengths.sum() < 1.1


def test_what_one_answer_is_made_of_stays_together() -> None:
    encoded = Encoded(toy.encoded(LENGTHS.reshape(-1, 3).tolist()).table, together=3)
    for lines, length in batches_of(encoded, 4096):
        answers = lines.reshape(-1, 3)
        assert (np.diff(answers) == 1).all() and (answers[:, 0] % 3 == 0).all()
        assert len(lines) * length <= 4096 or len(lines) == 3


@pytest.mark.parametrize("world", [1, 2, 3, 50])
@pytest.mark.parametrize("kind", ["logits", "choices", "options", "positions"])
def test_answers_are_put_in_order_whoever_gave_them(world: int, kind: str) -> None:
    """Each answers with the numbers of its lines; of choices and positions, line n has n % 4."""
    encoded = Encoded(ENCODED.table, together=3 if kind == "options" else 1)
    batches = batches_of(encoded, 2048)

    def answer(lines: np.ndarray) -> Answers:
        if kind == "choices":
            return np.repeat(lines, lines % 4).astype(np.int32), lines % 4
        if kind == "positions":
            return np.repeat(lines, lines % 4)[:, None].astype(np.float32), lines % 4
        first = lines[:: encoded.together]
        return np.stack([first, -first], 1).astype(np.float32), np.ones(len(first), np.int64)

    given = [_joined([answer(lines) for lines, _ in batches[rank::world]]) for rank in range(world)]
    values, counts = _in_order(given, batches, encoded)
    if kind in ("choices", "positions"):
        assert counts.tolist() == [n % 4 for n in range(300)]
        assert values.ravel().tolist() == [n for n in range(300) for _ in range(n % 4)]
    else:
        assert values.tolist() == [[n, -n] for n in range(0, 300, encoded.together)]
