"""``tune``: which recipe values are tried, and when a trial is given up."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from xfer.fingerprint import seed_of
from xfer.study.fields import Fields
from xfer.study.space import Dimension, Space


class Rates(Fields):
    """Learning rates to try: values that are all tried (grid), or a range that so many are drawn from."""

    values: tuple[Annotated[float, Field(gt=0)], ...] = ()
    low: float | None = Field(default=None, gt=0)
    high: float | None = Field(default=None, gt=0)
    trials: int | None = Field(default=None, ge=2)
    """Values that are drawn; ``trials`` of ``tune`` says the same."""

    @model_validator(mode="after")
    def _grid_or_range(self) -> Self:
        drawn = (self.low, self.high, self.trials)
        if self.values and drawn == (None, None, None):
            if len(self.values) < 2:
                raise ValueError("give at least two values, or there is nothing to choose")
            if len(set(self.values)) < len(self.values):
                raise ValueError("a value stands there twice")
        elif self.values or self.low is None or self.high is None:
            raise ValueError("give a list of values, or {low, high, trials}")
        elif self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        return self

    def drawn(self, number: int, seed: int) -> tuple[float, ...]:
        """So many values of the range, with as few digits as tell them apart, but three."""
        assert self.low is not None and self.high is not None
        random = np.random.default_rng(seed_of("random search", seed))
        drawn = np.exp(random.uniform(np.log(self.low), np.log(self.high), number))
        rounded = (tuple(float(f"{value:.{digits}g}") for value in drawn) for digits in range(3, 17))
        return next((values for values in rounded if len(set(values)) == len(values)), tuple(drawn.tolist()))


class Asha(Fields):
    """Asynchronous successive halving (Li et al. 2020, arXiv 1810.05934): trials that fall behind are given up."""

    asha: int = Field(default=2, ge=1, le=6)
    """Rungs: looks at every trial before its end, each ``factor`` times as many steps as the one before."""
    factor: int = Field(default=2, ge=2, le=8)
    """Of the trials that reach a rung, one in so many goes on."""

    @property
    def rungs(self) -> tuple[int, ...]:
        """Where the looks are, in units of which a whole trial has ``factor ** asha``."""
        return tuple(self.factor**rung for rung in range(self.asha))

    @property
    def units(self) -> int:
        return int(self.factor**self.asha)


AtOnce = Annotated[int, Field(ge=1, le=64)]
"""Trials side by side, where a scheduler or a sampler goes by those before: what is tried then depends on which of them
ends first. Where nothing is drawn or given up on the way all are."""


def _as_rates(value: Any) -> Any:
    return {"values": value} if isinstance(value, list) else value


def as_scheduler(value: Any) -> Any:
    """The short form ``asha`` as a mapping."""
    return {} if value == "asha" else value


class Tune(Fields):
    """Which learning rate targets are trained with: a search on English validation data."""

    learning_rate: Annotated[Rates, BeforeValidator(_as_rates)]
    algorithm: Literal["random", "optuna"] = "random"
    """How values are drawn from a range: evenly on a logarithmic scale, all beforehand, by the first of ``seeds``; or
    each by what the trials before it have come to (TPE, Bergstra et al. 2011)."""
    trials: int | None = Field(default=None, ge=2)
    """Values that are drawn from a range."""
    scheduler: Annotated[Asha, BeforeValidator(as_scheduler)] | None = None
    """``asha``: what falls behind is given up early; every trial runs to its end when not given."""
    at_once: AtOnce = 1
    per: tuple[Literal["model", "target"], ...] = ("model", "target")
    """What gets a choice of its own."""
    arms: tuple[str, ...] = Field(default=("none",), min_length=1)
    """Arms that the trials go through."""
    targets: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Targets that are tuned; all that are trained when not given."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    """Seeds of the trials; none of them may be a seed of the study."""
    on: str = Field(default="validation/en", pattern=r"^[a-z]+/[a-z-]+$")

    @property
    def drawn(self) -> int:
        """Trials of a range."""
        return self.trials or self.learning_rate.trials or 0

    @property
    def values(self) -> tuple[float, ...]:
        """What is tried, as far as that is known beforehand."""
        if self.learning_rate.low is None:
            return self.learning_rate.values
        return self.learning_rate.drawn(self.drawn, self.seeds[0]) if self.algorithm == "random" else ()

    @property
    def space(self) -> Space:
        """What Optuna draws from; nothing where it does not."""
        low, high = self.learning_rate.low, self.learning_rate.high
        if low is None or high is None or self.algorithm == "random":
            return ()
        return (Dimension("learning_rate", low=low, high=high, log=True),)
