"""Which training set each step's global batch comes from. A whole global batch is one task."""

from __future__ import annotations

import numpy as np

from xfer.fingerprint import seed_of


def member_at(step: int, members: int, seed: int) -> tuple[int, int]:
    """The training set of a step (0-based) and how many of its own global batches came before.

    Equal weights: every run of ``members`` steps holds each set once, in an order drawn from ``seed``; so
    counts never differ by more than one, and any step can be asked for without walking there.
    """
    if members == 1:
        return 0, step
    turn, place = divmod(step, members)
    order = np.random.default_rng(seed_of("mixture", seed, turn)).permutation(members)
    return int(order[place]), turn
