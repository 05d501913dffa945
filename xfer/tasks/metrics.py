"""Metrics: from stored right and predicted answers to one number between 0 and 1. No model, no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from xfer.errors import DataError
from xfer.tasks.answers import Tokenise, exact_match, f1, mlqa_tokens, never_answering, squad_tokens
from xfer.tasks.chunks import TypeOf, chunk_f1, type_in_0012, type_in_122

Labels = Sequence[Sequence[str]]
"""One sequence an example: its label, or one a word; of a question all right answers, or the one that was predicted;
of a sentence its translation, or nothing."""


@dataclass(frozen=True)
class Metric:
    """A named function of what is right and what was predicted."""

    name: str
    version: int
    """Raised when the function gives something else for the same labels."""
    compute: Callable[[Labels, Labels, str], float]
    """Of right labels, predicted ones and their language. Raises ``DataError`` where they do not fit each other."""
    chance: Callable[[Labels], float | None]
    """What the best constant answer gets; None where that is not defined."""

    def identity(self) -> object:
        return [self.name, self.version]


def _flat(labels: Labels) -> list[str]:
    return [label for sequence in labels for label in sequence]


def _require_aligned(gold: Labels, prediction: Labels) -> None:
    """Raise ``DataError`` unless each label of each example has a predicted one."""
    for row, (right, found) in enumerate(zip(gold, prediction, strict=True)):
        if len(right) != len(found):
            raise DataError(
                f"example {row} has {len(right)} labels and {len(found)} predicted ones",
                fix="each label needs one prediction, in the same order",
            )


def _accuracy(gold: Labels, prediction: Labels, language: str) -> float:
    from sklearn.metrics import accuracy_score

    _require_aligned(gold, prediction)
    return float(accuracy_score(_flat(gold), _flat(prediction)))


def _tag_f1(type_of: TypeOf, gold: Labels, prediction: Labels, language: str) -> float:
    _require_aligned(gold, prediction)
    return chunk_f1(gold, prediction, type_of)


def _mean(
    parts: Sequence[Callable[[Labels, Labels, str, Tokenise], float]],
    tokenise: Tokenise,
    gold: Labels,
    prediction: Labels,
    language: str,
) -> float:
    return fmean(part(gold, prediction, language, tokenise) for part in parts)


def _mining_f1(gold: Labels, prediction: Labels, language: str) -> float:
    both = sum(len(set(right) & set(found)) for right, found in zip(gold, prediction, strict=True))
    return 2 * both / sum(len(set(partners)) for partners in (*gold, *prediction)) if both else 0.0


def _majority(gold: Labels) -> float | None:
    counts = Counter(_flat(gold))
    return max(counts.values()) / counts.total() if counts else None


def _undefined(gold: Labels) -> float | None:
    return None


def _correlation(ranked: bool, gold: Labels, prediction: Labels, language: str) -> float:
    from scipy.stats import pearsonr, spearmanr

    _require_aligned(gold, prediction)
    right, found = ([float(value) for value in _flat(values)] for values in (gold, prediction))
    if len(set(right)) < 2 or len(set(found)) < 2:
        return 0.0  # by definition there is none; what answers the same to everything knows nothing
    return float((spearmanr if ranked else pearsonr)(right, found).statistic)


ACCURACY = Metric("accuracy", 1, _accuracy, _majority)
"""Share of examples answered right."""

TOKEN_ACCURACY = Metric("token_accuracy", 1, _accuracy, _majority)
"""Share of words tagged right, over all sentences."""

TAG_F1 = Metric("tag_f1", 1, partial(_tag_f1, type_in_122), _undefined)
"""Micro-averaged F1 of chunks as seqeval 1.2.2 finds them by default. XTREME scores UD POS and PAN-X by seqeval."""

TAG_F1_0012 = Metric("tag_f1_0012", 1, partial(_tag_f1, type_in_0012), _undefined)
"""The same as seqeval 0.0.12 finds them: the version that jiant pins, and that was there when XTREME was published."""

SQUAD_EM = Metric("squad_em", 1, partial(_mean, (exact_match,), squad_tokens), never_answering)
"""Share of questions answered exactly, by SQuAD's rules for English text; so XTREME scores XQuAD and TyDiQA, too."""

SQUAD_F1 = Metric("squad_f1", 1, partial(_mean, (f1,), squad_tokens), never_answering)
"""Mean over questions of the F1 of tokens, by the same rules."""

SQUAD_EM_F1 = Metric("squad_em_f1", 1, partial(_mean, (exact_match, f1), squad_tokens), never_answering)
"""The mean of both, which XTREME averages over its tasks."""

MLQA_EM = Metric("mlqa_em", 1, partial(_mean, (exact_match,), mlqa_tokens), never_answering)
"""Share of questions answered exactly, by MLQA's rules for the language of the answers."""

MLQA_F1 = Metric("mlqa_f1", 1, partial(_mean, (f1,), mlqa_tokens), never_answering)
"""Mean over questions of the F1 of tokens, by the same rules."""

MLQA_EM_F1 = Metric("mlqa_em_f1", 1, partial(_mean, (exact_match, f1), mlqa_tokens), never_answering)
"""The mean of both."""

PEARSON = Metric("pearson", 1, partial(_correlation, False), _undefined)
"""Pearson's correlation of numbers; below 0 where they run against each other."""

SPEARMAN = Metric("spearman", 1, partial(_correlation, True), _undefined)
"""Spearman's correlation of their ranks."""

MINING_F1 = Metric("mining_f1", 1, _mining_f1, _undefined)
"""F1 of the pairs of a sentence and its translation; a sentence may have none. So BUCC 2018 is scored."""
