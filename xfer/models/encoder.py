"""An encoder with one head for each task it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

Batch = Mapping[str, torch.Tensor]


class EncoderWithHeads(nn.Module):
    """A Hugging Face encoder and named heads on its last hidden states."""

    def __init__(self, encoder: nn.Module, heads: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleDict(dict(heads))
        self._with_types = getattr(encoder.config, "type_vocab_size", 0) > 1

    @property
    def config(self) -> Any:
        return self.encoder.config

    def forward(self, batch: Batch, head: str) -> torch.Tensor:
        """Logits of ``head``: [batch, labels] or [batch, length, labels].

        In training the other heads take part with weight 0, so that every parameter has a gradient in every
        step and at every ZeRO stage.
        """
        states = self._encode(batch).last_hidden_state
        logits: torch.Tensor = self.heads[head](states)
        if self.training:
            for name, other in self.heads.items():
                if name != head:
                    logits = logits + 0.0 * other(states[:1, :1]).sum()
        return logits

    def pooled(self, batch: Batch, layer: int) -> torch.Tensor:
        """Mean over sub-tokens (special ones included) of ``hidden_states[layer]``: [batch, hidden].

        Layer 0 is the embeddings, as in Hugging Face's ``hidden_states``.
        """
        states = self._encode(batch, output_hidden_states=True).hidden_states[layer].float()
        mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
        mean: torch.Tensor = (states * mask).sum(1) / mask.sum(1)
        return mean

    def _encode(self, batch: Batch, **options: bool) -> Any:
        types = {"token_type_ids": batch["type_ids"]} if self._with_types else {}
        return self.encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], **types, **options)
