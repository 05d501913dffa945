"""Recipe: everything about a training run that changes its numbers."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Recipe(BaseModel):
    """How a phase is trained. All of it is part of the phase's key."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    steps: int | None = Field(default=None, ge=1)
    """Optimizer steps; exactly one of ``steps`` and ``epochs`` is given."""
    epochs: float | None = Field(default=None, gt=0)
    """Passes over the rows of the training data."""
    batch_size: int = Field(default=32, ge=1)
    """Rows in a global batch: one optimizer step, over all ranks."""
    micro_batch_size: int = Field(default=8, ge=1)
    """Sequences that go through the model in one forward pass; a fixed share of the global batch."""
    learning_rate: float = Field(default=2e-5, gt=0)
    """Peak learning rate; it falls linearly to zero after the warm-up."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps over which the learning rate rises linearly from zero."""
    weight_decay: float = Field(default=0.0, ge=0)
    """AdamW's decoupled decay; biases and layer norms are left out."""
    clip: float = Field(default=1.0, gt=0)
    """Largest global L2 norm of the gradient."""
    max_length: int = Field(default=128, ge=8)
    """Longest input in sub-tokens, special tokens included."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Dropout of the encoder and the head; the model's own configuration when not given."""
    mlm_probability: float = Field(default=0.15, gt=0, lt=1)
    """Share of the sub-tokens that masked language modelling predicts; other tasks do not look at it."""
    patience: int | None = Field(default=None, ge=1)
    """Looks at validation data without a better score after which the phase ends early; None: never."""
    precision: Literal["fp32", "bf16"] = "bf16"
    """Number format of the forward and backward pass; master weights are always fp32."""

    @model_validator(mode="after")
    def _length_and_shares(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give exactly one of steps and epochs")
        if self.micro_batch_size > self.batch_size:
            raise ValueError(f"micro_batch_size {self.micro_batch_size} is larger than batch_size {self.batch_size}")
        return self

    def identity(self) -> object:
        return self.model_dump()

    def total_steps(self, rows: int) -> int:
        """Optimizer steps for ``rows`` rows of training data."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return max(1, round(self.epochs * -(-rows // self.batch_size)))
