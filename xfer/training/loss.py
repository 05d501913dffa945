"""The loss of a micro-batch: a sum, so that it does not matter how a global batch is cut."""

from __future__ import annotations

import torch
from torch.nn import functional

from xfer.tasks.formats.base import IGNORE


def summed_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy in fp32, summed over targets that are not ``IGNORE``.

    ``logits`` are [batch, labels] with ``targets`` [batch, 1], [batch, length, labels] with [batch, length], [batch, 2,
    length] with [batch, 2] (positions where a span starts and ends), or [rows, options] with [rows x options, 1], of
    which the first of each row counts.
    """
    return functional.cross_entropy(
        logits.float().reshape(-1, logits.shape[-1]),
        targets.reshape(*logits.shape[:-1], -1)[..., 0].reshape(-1),
        ignore_index=IGNORE,
        reduction="sum",
    )
