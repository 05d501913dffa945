"""Metrics: from stored gold and predicted labels to one number between 0 and 1. No model, no torch.

scikit-learn and seqeval compute them; seqeval is pinned, because its versions disagree on unprefixed tags.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Labels = Sequence[Sequence[str]]
"""One sequence of labels an example; of length one where an example has one label."""


@dataclass(frozen=True)
class Metric:
    """A named function of gold and prediction."""

    name: str
    version: int
    """Raised when the function gives something else for the same labels."""
    compute: Callable[[Labels, Labels], float]
    chance: Callable[[Labels], float | None]
    """What the best constant answer gets; None where that is not defined."""

    def identity(self) -> object:
        return [self.name, self.version]


def _flat(labels: Labels) -> list[str]:
    return [label for sequence in labels for label in sequence]


def _accuracy(gold: Labels, prediction: Labels) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(_flat(gold), _flat(prediction)))


def _tag_f1(gold: Labels, prediction: Labels) -> float:
    from seqeval.metrics import f1_score

    with warnings.catch_warnings():
        # XTREME scores parts of speech this way although they are no IOB tags; seqeval warns for each.
        warnings.simplefilter("ignore")
        return float(f1_score([list(tags) for tags in gold], [list(tags) for tags in prediction], zero_division=0))


def _majority(gold: Labels) -> float | None:
    counts = Counter(_flat(gold))
    return max(counts.values()) / counts.total() if counts else None


def _undefined(gold: Labels) -> float | None:
    return None


ACCURACY = Metric("accuracy", 1, _accuracy, _majority)
"""Share of examples answered right."""

TOKEN_ACCURACY = Metric("token_accuracy", 1, _accuracy, _majority)
"""Share of words tagged right, over all sentences."""

TAG_F1 = Metric("tag_f1", 1, _tag_f1, _undefined)
"""seqeval 1.2.2's micro-averaged chunk F1, default mode, as XTREME scores UD POS and PAN-X."""
