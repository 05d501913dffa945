"""Versions of the components that shape numbers and live on floors that a plan may not import.

Raise one when its component's output changes: keys change with it, so nothing old is taken for new.
``tests/golden`` fails when an output changes and its version does not. Formats and metrics carry their own.
"""

from __future__ import annotations

from collections.abc import Mapping

TRAINING: Mapping[str, int] = {
    "batches": 4,  # order, windows, cut and padding of micro-batches
    "heads": 1,  # architecture and initialisation of heads
    "loop": 2,  # loss, optimizer, schedule, random state
    "mixture": 1,  # which training set each step draws from
    "scratch": 1,  # initialisation of an encoder without weights
}

PREDICTION: Mapping[str, int] = {
    "heads": 1,
    "predict": 1,  # batches and pooling at evaluation
}
