"""Answers to questions, compared as the scripts of SQuAD and MLQA compare them.

A text becomes tokens, without case, punctuation, articles and whitespace. SQuAD does so by the rules of English,
whatever the language is, and XTREME follows it for XQuAD and TyDiQA (Rajpurkar et al. 2016, arXiv 1606.05250; Hu et al.
2020, arXiv 2003.11080); MLQA has rules for each of its languages (Lewis et al. 2020, arXiv 1910.07475). Neither brings
composed and decomposed letters into one form.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from statistics import fmean
from types import MappingProxyType

from xfer.errors import DataError

Texts = Sequence[Sequence[str]]
"""Texts of each example: all right answers (none where there is no answer), or the one that was predicted."""

Tokens = tuple[str, ...]

Tokenise = Callable[[str, str], Tokens]
"""A text and its language to tokens."""

ENGLISH_ARTICLES = r"\b(a|an|the)\b"

ARTICLES: Mapping[str, str | None] = MappingProxyType(
    {
        # Arabic's is taken out of words, too: what the script asks for besides can never be found.
        "ar": "ال",
        "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
        "en": ENGLISH_ARTICLES,
        "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
        "hi": None,
        "vi": r"\b(của|là|cái|chiếc|những)\b",
        "zh": None,
    }
)
"""MLQA's languages, and what counts as an article in each."""

IDEOGRAPH = "[\u4e00-\u9fa5]"
"""In Chinese a token by itself."""


def squad_tokens(text: str, language: str) -> Tokens:
    """By SQuAD 1.1: ASCII punctuation and English articles are taken out, whatever the language."""
    bare = text.lower().translate(_ASCII_PUNCTUATION)
    return tuple(re.sub(ENGLISH_ARTICLES, " ", bare).split())


def mlqa_tokens(text: str, language: str) -> Tokens:
    """By MLQA: punctuation of all scripts and the language's articles are taken out; Chinese is cut at ideographs.

    Raises ``DataError`` for a language that MLQA has no rules for.
    """
    if language not in ARTICLES:
        raise DataError(
            f"MLQA has no rules for answers in '{language}', only for {', '.join(ARTICLES)}",
            fix="use squad_em and squad_f1",
        )
    bare = text.lower().translate(_punctuation())
    if articles := ARTICLES[language]:
        bare = re.sub(articles, " ", bare)
    if language == "zh":
        bare = re.sub(IDEOGRAPH, r" \g<0> ", bare)
    return tuple(bare.split())


def exact_match(gold: Texts, prediction: Texts, language: str, tokenise: Tokenise) -> float:
    """Share of examples whose answer has the tokens of a right one; where none is right, no token.

    Raises ``DataError`` unless each example has one answer.
    """
    pairs = _tokenised(gold, prediction, language, tokenise)
    return fmean(tokens in right if right else not tokens for tokens, right in pairs)


def f1(gold: Texts, prediction: Texts, language: str, tokenise: Tokenise) -> float:
    """Mean over examples of the F1 of tokens that an answer shares with the right one, the largest of several.

    Where no answer is right it is 1 for one without tokens, as in SQuAD 2 (Rajpurkar et al. 2018, arXiv 1806.03822).
    Raises ``DataError`` unless each example has one answer.
    """
    pairs = _tokenised(gold, prediction, language, tokenise)
    return fmean(max((_shared(tokens, other) for other in right), default=not tokens) for tokens, right in pairs)


def never_answering(gold: Texts) -> float | None:
    """What the answer without tokens gets wherever no answer is right; None where every example has one."""
    without = sum(not right for right in gold)
    return without / len(gold) if without else None


def _tokenised(
    gold: Texts, prediction: Texts, language: str, tokenise: Tokenise
) -> Iterator[tuple[Tokens, set[Tokens]]]:
    """Of each example the tokens of its answer, and of those that are right."""
    for row, (right, answers) in enumerate(zip(gold, prediction, strict=True)):
        if len(answers) != 1:
            raise DataError(f"example {row} has {len(answers)} answers", fix="give one: '' where there is no answer")
        yield tokenise(answers[0], language), {tokenise(text, language) for text in right}


def _shared(one: Tokens, other: Tokens) -> float:
    """F1 of tokens, each counted as often as it stands; 0 where none is shared, so for two without tokens."""
    if one == other:
        return float(bool(one))
    common = sum((Counter(one) & Counter(other)).values())
    return 2 * common / (len(one) + len(other)) if common else 0.0


_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


@cache
def _punctuation() -> Mapping[int, int | None]:
    """Unicode's punctuation (categories P*) and ASCII's, for ``str.translate``."""
    points = (point for point in range(sys.maxunicode) if unicodedata.category(chr(point)).startswith("P"))
    return _ASCII_PUNCTUATION | dict.fromkeys(points)
