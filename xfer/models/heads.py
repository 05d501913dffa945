"""Heads: from an encoder's hidden states to logits. A head is known by its output, never by its task."""

from __future__ import annotations

import torch
from torch import nn

from xfer.fingerprint import seed_of
from xfer.models.spec import HeadSpec


class SequenceHead(nn.Module):
    """RoBERTa's classification head on the first sub-token's state: dense, tanh, projection."""

    def __init__(self, hidden: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, size)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """States [batch, length, hidden] to logits [batch, size]."""
        first = torch.tanh(self.dense(self.dropout(states[:, 0])))
        return self.out(self.dropout(first))  # type: ignore[no-any-return]


class TokenHead(nn.Module):
    """A projection of every sub-token's state."""

    def __init__(self, hidden: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, size)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """States [batch, length, hidden] to logits [batch, length, size]."""
        return self.out(self.dropout(states))  # type: ignore[no-any-return]


HEADS: dict[str, type[SequenceHead] | type[TokenHead]] = {"sequence": SequenceHead, "token": TokenHead}


def new_head(spec: HeadSpec, hidden: int, dropout: float, scale: float, seed: int) -> nn.Module:
    """A head whose initial weights follow from ``seed`` and its name alone.

    Weights are normal with standard deviation ``scale``, biases zero (the initialisation of BERT).
    """
    head = HEADS[spec.output](hidden, spec.size, dropout)
    random = torch.Generator().manual_seed(seed_of("head", seed, spec.name))
    with torch.no_grad():
        for name, parameter in sorted(head.named_parameters()):
            if name.endswith("bias"):
                parameter.zero_()
            else:
                parameter.normal_(0.0, scale, generator=random)
    return head
