"""An encoder with one head for each task it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from xfer.models.heads import SequenceHead, SpanHead, VocabularyHead
from xfer.models.linear import speed_up

Batch = Mapping[str, torch.Tensor]


class EncoderWithHeads(nn.Module):
    """A Hugging Face encoder and named heads on its last hidden states."""

    def __init__(self, encoder: nn.Module, heads: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleDict(dict(heads))
        speed_up(self)
        self._with_types = getattr(encoder.config, "type_vocab_size", 0) > 1
        # ModernBERT's name for it; other configurations without it pool the first sub-token, as RoBERTa does.
        self._mean = getattr(encoder.config, "classifier_pooling", "cls") == "mean"

    @property
    def config(self) -> Any:
        return self.encoder.config

    def forward(self, batch: Batch, head: str) -> torch.Tensor:
        """Logits of ``head``: [batch, labels], [batch, length, labels] or [batch, 2, length].

        In training the other heads take part with weight 0, so that every parameter has a gradient in every
        step and at every ZeRO stage.
        """
        states, mask = self._encode(batch).last_hidden_state, batch["attention_mask"]
        logits = self._answer(head, states, mask)
        if self.training:
            for name in self.heads:
                if name != head:
                    logits = logits + self._nothing(name, states, mask)
        return logits

    def _answer(self, name: str, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        head, more = self.heads[name], list[torch.Tensor]()
        if isinstance(head, SequenceHead):
            states = mean_over(states, mask) if self._mean else states[:, 0]
        elif isinstance(head, VocabularyHead):
            more.append(self.encoder.get_input_embeddings().weight)  # type: ignore[operator]
        elif isinstance(head, SpanHead):
            more.append(mask)
        logits: torch.Tensor = head(states, *more)
        return logits

    def _nothing(self, name: str, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """0, in which the head has a part: its answer about one sub-token, weighed with 0."""
        inputs = getattr(self.heads[name], "inputs", 1)
        one, there = states[:1, :1].expand(inputs, -1, -1), mask[:1, :1].expand(inputs, -1)
        return 0.0 * self._answer(name, one, there).sum()

    def spans(self, head: str) -> bool:
        """Whether a head answers by positions."""
        return head in self.heads and isinstance(self.heads[head], SpanHead)

    def pooled(self, batch: Batch, layer: int) -> torch.Tensor:
        """Mean over sub-tokens (special ones included) of ``hidden_states[layer]``: [batch, hidden].

        Layer 0 is the embeddings, as in Hugging Face's ``hidden_states``.
        """
        states = self._encode(batch, output_hidden_states=True).hidden_states[layer].float()
        return mean_over(states, batch["attention_mask"])

    def _encode(self, batch: Batch, **options: bool) -> Any:
        types = {"token_type_ids": batch["type_ids"]} if self._with_types else {}
        return self.encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], **types, **options)


def mean_over(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over the sub-tokens that are there: [batch, length, hidden] and [batch, length] to [batch, hidden]."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)
