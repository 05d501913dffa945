"""Which training set each step's global batch comes from. A whole global batch is one task."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=8)
def turns(weights: tuple[float, ...], steps: int) -> tuple[tuple[int, int], ...]:
    """For each step the training set, and how many of its own global batches came before.

    After any number t of steps a set of weight w has had t * w of them, less than one more or less: Tijdeman's
    algorithm (1980, The chairman assignment problem, Discrete Mathematics 32, 323-330). Of the sets that are due,
    the one whose deadline is next is served. ``weights`` sum to 1.
    """
    if len(weights) == 1:
        return tuple((0, step) for step in range(steps))
    slack = 1 / (2 * len(weights) - 2)
    drawn = [member for member, weight in enumerate(weights) if weight > 0]
    counts = [0] * len(weights)
    found = []
    for step in range(1, steps + 1):
        due = [m for m in drawn if weights[m] * step - counts[m] >= slack - 1e-9]
        member = min(due or drawn, key=lambda m: ((1 - slack - (weights[m] * step - counts[m])) / weights[m], m))
        found.append((member, counts[member]))
        counts[member] += 1
    return tuple(found)


def shares(
    rows: Sequence[int],
    cap: int | None = None,
    temperature: float | None = None,
    weights: Sequence[float] | None = None,
) -> tuple[float, ...]:
    """Weights of training sets with so many rows; they sum to 1. With nothing given, equal ones.

    ``cap``: in proportion to their sizes, none counted as larger than this (examples-proportional mixing, Raffel
    et al. 2020, arXiv 1910.10683, section 3.5.2). ``temperature`` T: in proportion to the T-th root of their sizes
    (ibid.). ``weights``: in proportion to these.
    """
    if weights is not None:
        amounts = [float(weight) for weight in weights]
    elif temperature is not None:
        amounts = [(n / max(rows)) ** (1 / temperature) for n in rows]
    elif cap is not None:
        amounts = [float(min(n, cap)) for n in rows]
    else:
        amounts = [1.0] * len(rows)
    return tuple(round(amount / sum(amounts), 9) for amount in amounts)
