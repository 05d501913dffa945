"""What goes into the model at each step: the schedule's micro-batches as padded blocks, with masks where asked.

All of it follows from the phase alone. Masks come from (seed, step, micro-batch), so every rank knows how many
sub-tokens any of them hides, whoever computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from xfer.evaluation.prepared import Prepared
from xfer.fingerprint import seed_of
from xfer.models.base import Base
from xfer.phase.phase import Phase
from xfer.tasks.batches import MicroBatch, Schedule
from xfer.tasks.formats.base import IGNORE

Block = dict[str, npt.NDArray[np.int64]]


class Feed:
    """The inputs of a phase."""

    def __init__(self, phase: Phase, members: Sequence[Prepared], base: Base) -> None:
        recipe = phase.recipe
        self.members = members
        self._phase, self._base = phase, base
        self._schedule = Schedule(
            [member.encoded for member in members], phase.weights, phase.steps,
            recipe.batch_size, recipe.micro_batch_size, phase.seed,
        )  # fmt: skip
        self._block = lru_cache(maxsize=16)(self._padded)

    def at(self, step: int) -> list[MicroBatch]:
        """Micro-batches of a step (0-based), longest first; all of one member."""
        return self._schedule.at(step)

    def of(self, micro: MicroBatch) -> Prepared:
        """The training set that a micro-batch is drawn from."""
        return self.members[micro.member]

    def targets(self, step: int) -> int:
        """Labels in a step's global batch: what its loss is summed over."""
        return sum(self._targets(step, micro) for micro in self.at(step))

    def batch(self, step: int, micro: MicroBatch, empty: bool, device: torch.device) -> dict[str, torch.Tensor]:
        """A micro-batch as tensors [inputs, length]; ``empty``: of one answer, whose loss will not count."""
        block = self._block(step, micro.index)
        inputs = self.of(micro).encoded.together if empty else None
        return {name: torch.from_numpy(array[:inputs]).to(device) for name, array in block.items()}

    def _targets(self, step: int, micro: MicroBatch) -> int:
        if self._masks(micro):
            return int((self._block(step, micro.index)["targets"] != IGNORE).sum())
        return self.of(micro).encoded.targets_in(micro.inputs)

    def _padded(self, step: int, index: int) -> Block:
        micro = self.at(step)[index]
        block = self.of(micro).encoded.block(micro.inputs, micro.length, self._base.spec.pad)
        if self._masks(micro):
            random = np.random.default_rng(seed_of("mask", self._phase.seed, step, index))
            assert self._base.mask is not None, "a model without a mask is refused before"
            return masked(
                block, self._phase.recipe.mlm_probability, self._base.mask, self._base.spec.vocabulary, random
            )
        return block

    def _masks(self, micro: MicroBatch) -> bool:
        return self.of(micro).task.format.output == "vocabulary"


def masked(block: Block, probability: float, mask: int, vocabulary: int, random: np.random.Generator) -> Block:
    """Hide each sub-token that has a target with ``probability``; the targets of the others are ignored.

    Of those that are hidden 80 % become the mask, 10 % a random sub-token, and 10 % stay (Devlin et al. 2019,
    arXiv 1810.04805, section 3.1).
    """
    ids, targets = block["input_ids"].copy(), block["targets"]
    hidden = (targets != IGNORE) & (random.random(ids.shape) < probability)
    kind = random.random(ids.shape)
    ids[hidden & (kind < 0.8)] = mask
    strange = hidden & (kind >= 0.9)
    ids[strange] = random.integers(0, vocabulary, ids.shape)[strange]
    return {**block, "input_ids": ids, "targets": np.where(hidden, targets, IGNORE)}
