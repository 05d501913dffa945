"""Heads: from an encoder's hidden states to logits. A head is known by its output, never by its task."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from xfer.fingerprint import seed_of
from xfer.models.linear import linear
from xfer.models.spec import HeadSpec


class SequenceHead(nn.Module):
    """RoBERTa's classification head on one pooled state: dense, tanh, projection."""

    inputs = 1
    """Inputs that one answer is made of."""

    def __init__(self, hidden: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, size)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Pooled states [batch, hidden] to logits [batch, size]."""
        dense = torch.tanh(self.dense(self.dropout(states)))
        return self.out(self.dropout(dense))  # type: ignore[no-any-return]


class ChoiceHead(SequenceHead):
    """A score for each option of a multiple choice; a softmax over them is the answer (Radford et al. 2018)."""

    def __init__(self, hidden: int, size: int, dropout: float) -> None:
        super().__init__(hidden, 1, dropout)
        self.inputs = size

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Pooled states [rows x options, hidden], a row's options in a row, to logits [rows, options]."""
        return super().forward(states).view(-1, self.inputs)


class TokenHead(nn.Module):
    """A projection of every sub-token's state."""

    def __init__(self, hidden: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, size)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """States [batch, length, hidden] to logits [batch, length, size]."""
        return self.out(self.dropout(states))  # type: ignore[no-any-return]


class SpanHead(nn.Module):
    """Where an answer starts and where it ends, among the sub-tokens of an input (Devlin et al. 2019)."""

    def __init__(self, hidden: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, size)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """States [batch, length, hidden] and mask [batch, length] to logits [batch, 2, length].

        No answer is where padding is: so none depends on how long the others of a batch are.
        """
        logits: torch.Tensor = self.out(self.dropout(states)).float().transpose(1, 2)
        return logits.masked_fill(mask[:, None, :] == 0, float("-inf"))


class VocabularyHead(nn.Module):
    """RoBERTa's language-modelling head before its projection, which is the encoder's embedding matrix (tied)."""

    def __init__(self, hidden: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, states: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        """States [batch, length, hidden] and embeddings [size, hidden] to logits [batch, length, size]."""
        return linear(self.norm(functional.gelu(self.dense(states))), embeddings, self.bias)


HEADS: dict[str, Callable[[int, int, float], nn.Module]] = {
    "sequence": SequenceHead,
    "choice": ChoiceHead,
    "token": TokenHead,
    "span": SpanHead,
    "vocabulary": VocabularyHead,
}


def new_head(spec: HeadSpec, hidden: int, dropout: float, scale: float, seed: int) -> nn.Module:
    """A head whose initial weights follow from ``seed`` and its name alone.

    Weights are normal with standard deviation ``scale``, biases zero (as BERT initialises them).
    """
    head = HEADS[spec.output](hidden, spec.size, dropout)
    initialise(head, scale, seed_of("head", seed, spec.name))
    return head


def initialise(module: nn.Module, scale: float, seed: int) -> None:
    """Give a module new weights: matrices normal, biases 0, weights of norms 1; in the order of their names."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(module.named_parameters()):
            if name.endswith("bias"):
                parameter.zero_()
            elif parameter.ndim == 1:
                parameter.fill_(1.0)
            else:
                parameter.normal_(0.0, scale, generator=random)
