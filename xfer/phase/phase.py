"""Phase: one training run, named by what it trains on and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from xfer.fingerprint import key
from xfer.phase.data_set import DataSet
from xfer.phase.recipe import Recipe
from xfer.phase.selection import Selection


@dataclass(frozen=True)
class Phase:
    """A training run. Its role (intermediate, target, trial) belongs to the plan, not to the phase."""

    trains_on: tuple[DataSet, ...]
    """Several are mixed with equal weights: every global batch is drawn from one of them in turn."""
    start: Selection
    """The model or the parent's checkpoint that the weights come from."""
    carry: Literal["encoder"]
    """What is taken over from ``start``: the encoder; heads are new."""
    recipe: Recipe
    seed: int
    versions: Mapping[str, int]
    """Versions of the components that shape its numbers."""

    @cached_property
    def key(self) -> str:
        return key(self)

    @property
    def rows(self) -> int:
        return sum(data.rows for data in self.trains_on)

    @property
    def steps(self) -> int:
        return self.recipe.total_steps(self.rows)

    @property
    def name(self) -> str:
        """For people: what it trains on."""
        return "+".join(data.task for data in self.trains_on)

    def identity(self) -> object:
        return {
            "trains_on": self.trains_on,
            "start": self.start,
            "carry": self.carry,
            "recipe": self.recipe,
            "seed": self.seed,
            "versions": self.versions,
        }
