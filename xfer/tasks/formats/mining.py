"""Find the pairs of translations in two piles of sentences, most of which have none.

A pair is scored by the ratio margin of Artetxe and Schwenk 2019 (arXiv 1811.01136): the cosine of its mean-pooled
hidden states, divided by the mean cosine that both have with their nearest ``NEIGHBOURS``. Every sentence, of either
side, proposes the neighbour with which it has the largest margin; the best pairs are taken until each text has one
partner at most. So XTREME mines BUCC 2018 (retrieval ``max`` in its ``utils_retrieve.py``), but that it leaves out
texts that stand there twice; here all their pairs are predicted, as jiant has it.

Pairs are predicted from a threshold on, the one with the best F1 on the sample. Every split holds the sample's rows,
so that an evaluation needs nothing of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError
from xfer.tasks.formats.base import PREDICTED, Floats, Format, Outputs, inputs_table, lists, truncated_by_row
from xfer.tasks.formats.neighbours import Ints, Nearest, nearest_of_both, unit
from xfer.tasks.metrics import MINING_F1

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import TextEncoder

SOURCE, TARGET = "source", "target"
SAMPLE, TEST = "sample", "test"

NEIGHBOURS = 4

NONE = -1
"""Instead of a partner's index."""


class Mining(Format):
    """One row a sentence. Nothing is trained.

    ``text``; ``side``: ``source`` or ``target``; ``id``, of its own within side and part; ``partners``: of a source
    sentence, the ids of its translations, often none; ``part``: ``sample``, or ``test`` for what is not the sample.
    Predictions are one line a source sentence: of the test's part where there is one, else of the sample.
    """

    name = "mining"
    version = 1
    output = "hidden"
    fields = ("text", "side", "id", "partners", "part")
    lists = frozenset(["partners"])
    texts = ("text",)
    metrics = (MINING_F1,)
    trainable = False

    def check(self, task: Task, rows: pa.Table, where: str) -> None:
        for name, known in (("side", (SOURCE, TARGET)), ("part", (SAMPLE, TEST))):
            wrong = pc.index(pc.is_in(rows[name], value_set=pa.array(known)), False).as_py()
            if wrong >= 0:
                what = f"row {rows['example'][wrong]}: {name} '{rows[name][wrong]}'"
                raise DataError(what, where, f"it must be {known[0]} or {known[1]}")
        for part in dict.fromkeys([SAMPLE, *pc.unique(rows["part"]).to_pylist()]):
            for side in (SOURCE, TARGET):
                if not _at(rows, side, part).size:
                    raise DataError(f"no {side} sentence in the part '{part}'", where, "each part needs both sides")

    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        row = np.arange(rows.num_rows, dtype=np.int32)
        return inputs_table(row, text.texts(rows["text"].to_pylist()), lists(np.zeros(0, np.int32), np.zeros_like(row)))

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        assert outputs.vectors is not None
        sample = _mined(rows, outputs.vectors, SAMPLE)
        asked = _mined(rows, outputs.vectors, TEST) if _at(rows, SOURCE, TEST).size else sample
        lines = rows.take(asked.source.rows)
        partner, score = (values[asked.source.text] for values in (asked.partner, asked.score))
        found = (partner != NONE) & (score >= threshold(*sample.counts(rows)))
        ids = asked.target.ids(rows)
        return pa.table(
            {
                "example": lines["example"],
                "cluster": lines["cluster"],
                "gold": lines["partners"],
                "prediction": [ids[at] if is_pair else [] for at, is_pair in zip(partner, found, strict=True)],
                "probabilities": [[] if at == NONE else [value] for at, value in zip(partner, score, strict=True)],
                "truncated": truncated_by_row(rows, encoded)[asked.source.rows],
            },
            schema=PREDICTED,
        )


@dataclass(frozen=True)
class _Side:
    """The sentences of a side of a part, and their texts: equal ones are one text."""

    rows: Ints
    """The sentences' rows."""
    text: Ints
    """The text of each of them, numbered by first appearance."""

    def vectors(self, vectors: Floats) -> Floats:
        """A unit vector a text, [texts, d]."""
        return unit(vectors[self.rows[np.unique(self.text, return_index=True)[1]]])

    def ids(self, rows: pa.Table) -> list[list[str]]:
        """The ids of the sentences of each text."""
        found: list[list[str]] = [[] for _ in range(int(self.text.max()) + 1)]
        for text, name in zip(self.text, rows["id"].take(self.rows).to_pylist(), strict=True):
            found[text].append(name)
        return found


@dataclass(frozen=True)
class _Mined:
    """What a part's source texts are paired with."""

    source: _Side
    target: _Side
    partner: Ints
    """Of each source text the target text, or ``NONE``."""
    score: Floats
    """Its margin."""

    def counts(self, rows: pa.Table) -> tuple[Floats, Ints, Ints, int]:
        """Of each pair of texts its score, and how many pairs of sentences it stands for and how many of these are
        right; and how many are right at all."""
        ids, pairs = self.target.ids(rows), self.partner != NONE
        sentences, right = (np.zeros(len(self.partner), np.int64) for _ in range(2))
        gold = rows["partners"].take(self.source.rows).to_pylist()
        for text, partners in zip(self.source.text, gold, strict=True):
            if pairs[text]:
                named = ids[self.partner[text]]
                sentences[text] += len(named)
                right[text] += len(set(named) & set(partners))
        return self.score[pairs], sentences[pairs], right[pairs], sum(map(len, gold))


def _at(rows: pa.Table, side: str, part: str) -> Ints:
    """The rows of a side of a part."""
    found: Ints = np.flatnonzero(pc.and_(pc.equal(rows["side"], side), pc.equal(rows["part"], part)).to_numpy())
    return found


def _side(rows: pa.Table, side: str, part: str) -> _Side:
    at = _at(rows, side, part)
    texts = rows["text"].take(at).combine_chunks().dictionary_encode()
    return _Side(at, texts.indices.to_numpy().astype(np.int64))


def _mined(rows: pa.Table, vectors: Floats, part: str) -> _Mined:
    source, target = _side(rows, SOURCE, part), _side(rows, TARGET, part)
    return _Mined(source, target, *mine(source.vectors(vectors), target.vectors(vectors)))


def mine(source: Floats, target: Floats) -> tuple[Ints, Floats]:
    """The partner of each source vector (``NONE``: none is left for it) and their margin, both [n].

    ``source`` is [n, d], ``target`` [m, d], of length 1. Only pairs with a margin above 0 are taken.
    """
    forward, backward = nearest_of_both(source, target, NEIGHBOURS)
    means = forward.cosines.mean(axis=1), backward.cosines.mean(axis=1)
    best_target, forward_score = _best(forward, *means)
    best_source, backward_score = _best(backward, *means[::-1])
    score = np.concatenate([forward_score, backward_score])
    pairs = np.stack(
        [
            np.concatenate([np.arange(len(source)), best_source]),
            np.concatenate([best_target, np.arange(len(target))]),
        ],
        axis=1,
    )
    partner = np.full(len(source), NONE, np.int64)
    margin = np.zeros(len(source), np.float32)
    taken = np.zeros(len(target), bool)
    order = np.argsort(-score, kind="stable")
    for at in order[score[order] > 0]:
        one, other = pairs[at]
        if partner[one] == NONE and not taken[other]:
            partner[one], margin[one], taken[other] = other, score[at], True
    return partner, margin


def _best(found: Nearest, mean: Floats, mean_of_others: Floats) -> tuple[Ints, Floats]:
    """Of each line's neighbours the one with the largest margin, and that; 0 where cosines are not positive on average,
    for their ratio says nothing there."""
    average = (mean[:, None] + mean_of_others[found.places]) / 2
    margin = np.divide(found.cosines, average, out=np.zeros_like(average), where=average > 0)
    best = margin.argmax(axis=1)[:, None]
    return np.take_along_axis(found.places, best, axis=1)[:, 0], np.take_along_axis(margin, best, axis=1)[:, 0]


def threshold(score: Floats, pairs: Ints, right: Ints, gold: int) -> float:
    """The score from which on pairs are taken so that F1 is largest; the highest of several.

    Lies halfway between the last that is taken and the next. 0 where nothing is right whatever is taken.
    """
    order = np.argsort(-score, kind="stable")
    falling = score[order].astype(np.float64)
    f1 = 2 * right[order].cumsum() / (pairs[order].cumsum() + gold)
    f1[:-1][falling[1:] == falling[:-1]] = 0  # equal scores are taken together
    if not f1.any():
        return 0.0
    last = int(f1.argmax())
    return float(falling[last : last + 2].mean())
