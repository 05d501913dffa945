"""A space of values that a sampler draws from: pure, so that a plan can name it and say what is in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

DIGITS = 2
"""Of a value that is drawn: enough to choose by, and few enough for two draws to fall on one value."""


@dataclass(frozen=True)
class Dimension:
    """One value of a trial: one of ``choices``, or a number between ``low`` and ``high``."""

    name: str
    choices: tuple[str | float, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    """Drawn evenly on a logarithmic scale."""
    whole: bool = False
    only: tuple[str, tuple[str, ...]] | None = None
    """Only where another dimension has one of these values: its name, and these."""

    def identity(self) -> object:
        return asdict(self)

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether a trial with these values so far has it at all."""
        return self.only is None or values.get(self.only[0]) in self.only[1]

    def rounded(self, value: Any) -> Any:
        """A drawn value with few digits, still within the bounds."""
        if self.choices:
            return value
        kept = min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)
        return round(kept) if self.whole else kept

    def __contains__(self, value: object) -> bool:
        if self.choices:
            return value in self.choices
        return isinstance(value, (int, float)) and math.isfinite(value) and self.low <= value <= self.high


Space = tuple[Dimension, ...]


def holds(space: Space, values: Mapping[str, Any]) -> bool:
    """Whether a trial of this space could have these values."""
    wanted = [dimension for dimension in space if dimension.applies(values)]
    names = [dimension.name for dimension in wanted]
    return sorted(names) == sorted(values) and all(values[d.name] in d for d in wanted)


def shares(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights as shares of hundredths that sum to 1; equal ones where all are zero.

    What rounding down leaves goes to the largest remainders (Hamilton's method).
    """
    total = sum(weights)
    exact = [100 * (weight / total if total > 0 else 1 / len(weights)) for weight in weights]
    whole = [math.floor(share) for share in exact]
    behind = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for i in behind[: 100 - sum(whole)]:
        whole[i] += 1
    return tuple(share / 100 for share in whole)
