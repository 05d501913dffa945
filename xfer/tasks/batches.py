"""Micro-batches: which rows go through the model together, in which order, padded to which length.

All of it follows from the encoded data, the batch sizes and the seed, never from the number of ranks. Rows are
shuffled once an epoch, sorted by length within windows of ``WINDOW`` global batches, cut into global batches,
and those are shuffled within the window: so compute goes to real tokens, and the inputs come in few shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xfer.fingerprint import seed_of
from xfer.tasks.formats.base import IGNORE
from xfer.tasks.mixture import turns

Ints = npt.NDArray[np.int64]

WINDOW = 128
"""Global batches that are sorted by length together: of 32 pairs as in MNLI, 7 % of the work is then padding."""

LENGTHS = (*range(8, 128, 8), *range(128, 256, 16), *range(256, 512, 32), *range(512, 1025, 128))
"""Lengths that inputs are padded to, few and close enough together that padding is a small part of the work; beyond
them, multiples of 512."""


@dataclass(frozen=True)
class MicroBatch:
    """Inputs that go through the model in one forward pass."""

    member: int
    """Which of the phase's training sets."""
    index: int
    """Place within the global batch; with seed and step it fixes the random state."""
    inputs: Ints
    """Lines of the encoded table."""
    length: int
    """Padded length in sub-tokens."""


class Encoded:
    """An encoded table as flat arrays, ready to be cut into padded blocks."""

    def __init__(self, table: pa.Table, together: int = 1) -> None:
        table = table.combine_chunks()
        self.table = table
        self.together = together
        """Inputs that one answer is made of, and that no batch may part: so many lines in a row."""
        self.row_of = table["row"].to_numpy()
        self._columns = {name: _flat(table[name]) for name in ("input_ids", "type_ids", "targets")}
        self.lengths = np.diff(self._columns["input_ids"][1])
        targets = np.diff(self._columns["targets"][1])
        self._width = None if np.array_equal(targets, self.lengths) else int(targets.max(initial=1))
        """Targets of an input; None: one a sub-token."""
        self.rows = int(self.row_of.max()) + 1 if table.num_rows else 0
        self.inputs_of = np.searchsorted(self.row_of, np.arange(self.rows + 1))
        """First line of each source row (lines of a trainable format are ordered by row)."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def block(self, inputs: Ints, length: int, pad: int) -> dict[str, Ints]:
        """Padded arrays [inputs, length]: ``input_ids``, ``type_ids``, ``attention_mask``, and ``targets``
        ([inputs, length], or as many as an input has)."""
        ids, mask = self._padded("input_ids", inputs, length, pad)
        types, _ = self._padded("type_ids", inputs, length, 0)
        targets, _ = self._padded("targets", inputs, length if self._width is None else self._width, IGNORE)
        return {"input_ids": ids, "type_ids": types, "attention_mask": mask, "targets": targets}

    def targets_in(self, inputs: Ints) -> int:
        """Labels among these inputs: what their loss is summed over."""
        values, offsets = self._columns["targets"]
        return int(sum((values[offsets[i] : offsets[i + 1]] != IGNORE).sum() for i in inputs))

    def answers(self, lines: Ints) -> Ints:
        """Lines as [answers, inputs of each], the longest first."""
        found = lines.reshape(-1, self.together)
        longest: Ints = found[np.argsort(-self.lengths[found].max(axis=1), kind="stable")]
        return longest

    def _padded(self, name: str, inputs: Ints, length: int, fill: int) -> tuple[Ints, Ints]:
        values, offsets = self._columns[name]
        places = offsets[inputs][:, None] + np.arange(length)
        there = places < offsets[np.asarray(inputs) + 1][:, None]
        block = np.full((len(inputs), length), fill, dtype=np.int64)
        block[there] = values[places[there]]
        return block, there.astype(np.int64)


class Schedule:
    """The micro-batches of every step of a phase."""

    def __init__(
        self, members: Sequence[Encoded], weights: tuple[float, ...], steps: int,
        batch_size: int, micro_batch_size: int, seed: int,
    ) -> None:  # fmt: skip
        self._members, self._seed = members, seed
        self._turns = turns(weights, steps)
        self._batch_size, self._micro_batch_size = batch_size, micro_batch_size
        self._epoch = lru_cache(maxsize=2 * len(members))(self._shuffled)
        self.at = lru_cache(maxsize=1)(self._at)
        """Micro-batches of a step (0-based), longest first."""

    def _at(self, step: int) -> list[MicroBatch]:
        member, turn = self._turns[step]
        encoded = self._members[member]
        per_epoch = -(-encoded.rows // self._batch_size)
        epoch, place = divmod(turn, per_epoch)
        rows = self._epoch(member, epoch)[place]
        lines = np.concatenate([np.arange(encoded.inputs_of[r], encoded.inputs_of[r + 1]) for r in rows])
        answers, size = encoded.answers(lines), max(1, self._micro_batch_size // encoded.together)
        return [
            MicroBatch(member, index, piece.ravel(), padded_length(int(encoded.lengths[piece].max())))
            for index, piece in enumerate(np.split(answers, range(size, len(answers), size)))
        ]

    def _shuffled(self, member: int, epoch: int) -> list[Ints]:
        encoded, size = self._members[member], self._batch_size
        random = np.random.default_rng(seed_of("order", self._seed, member, epoch))
        order = random.permutation(encoded.rows)
        longest = np.maximum.reduceat(encoded.lengths, encoded.inputs_of[:-1])
        batches: list[Ints] = []
        for start in range(0, encoded.rows, WINDOW * size):
            window = order[start : start + WINDOW * size]
            # A short batch at the end holds rows drawn at random, not the longest: each of them weighs more.
            whole, rest = np.split(window, [len(window) - len(window) % size])
            whole = whole[np.argsort(longest[whole], kind="stable")]
            cut = [batch for batch in (*np.split(whole, range(size, len(whole), size)), rest) if len(batch)]
            batches += [cut[i] for i in random.permutation(len(cut))]
        return batches


def padded_length(length: int) -> int:
    """The smallest of the fixed lengths that holds ``length`` sub-tokens."""
    return next((fixed for fixed in LENGTHS if fixed >= length), -(-length // 512) * 512)


def _flat(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    array = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    return array.values.to_numpy(), array.offsets.to_numpy()
