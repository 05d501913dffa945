"""Phase: one training run, named by what it trains on and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from xfer.fingerprint import key
from xfer.phase.data_set import DataSet
from xfer.phase.recipe import Recipe
from xfer.phase.selection import Rule, Selection


@dataclass(frozen=True)
class Phase:
    """A training run. Its role (intermediate, target, trial) belongs to the plan, not to the phase."""

    trains_on: tuple[DataSet, ...]
    """Several are mixed: every global batch is drawn from one of them."""
    weights: tuple[float, ...]
    """Share of the steps that each of them gets; they sum to 1."""
    start: Selection
    """The model or the parent's checkpoint that the weights come from."""
    carry: Literal["encoder"]
    """What is taken over from ``start``: the encoder; heads are new."""
    recipe: Recipe
    seed: int
    until: Rule | None
    """With patience: the looks at validation data that may end the phase early."""
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
        """Optimizer steps that the recipe asks for; patience may end it before."""
        return self.recipe.total_steps(self.rows)

    @property
    def name(self) -> str:
        """For people: what it trains on."""
        return " + ".join(data.title for data in self.trains_on)

    def identity(self) -> object:
        return {
            "trains_on": self.trains_on,
            "weights": self.weights,
            "start": self.start,
            "carry": self.carry,
            "recipe": self.recipe,
            "seed": self.seed,
            "until": self.until,
            "versions": self.versions,
        }
