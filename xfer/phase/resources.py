"""Resources: what a phase runs on. None of it may change a number, so none of it is part of a key."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PerRank(BaseModel):
    """What one rank takes of a machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gpu: int = Field(default=0, ge=0, le=1)
    """Accelerators of a rank."""
    cpu: int = Field(default=1, ge=1)
    """CPU cores of a rank; also its number of compute threads when it has no accelerator."""


class Resources(BaseModel):
    """The shape of a lane, and how the optimizer's state is spread over it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ranks: int = Field(default=1, ge=1)
    """Worker processes that share a phase's micro-batches."""
    per_rank: PerRank = PerRank()
    """What each of them takes."""
    zero_stage: int = Field(default=1, ge=0, le=3)
    """DeepSpeed ZeRO: 0 shards nothing, 1 optimizer state, 2 gradients too, 3 parameters too."""
    snapshot_every: int = Field(default=100, ge=1)
    """Optimizer steps between two resume points."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """What a lane must have to run this: ranks, CPUs a rank, GPUs a rank."""
        return self.ranks, self.per_rank.cpu, self.per_rank.gpu
