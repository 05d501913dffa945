"""Made sentences that have no three words in a row in common by chance."""

from __future__ import annotations

import random
from collections.abc import Iterable

SYLLABLES = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu")


def sentences(number: int, seed: int, words: int = 10) -> list[str]:
    """So many sentences of so many words."""
    rng = random.Random(seed)
    return [" ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(words)) for _ in range(number)]


def with_words(sentence: str, changed: Iterable[int]) -> str:
    """The sentence with other words at these places."""
    words = sentence.split()
    for place in changed:
        words[place] = f"other{place}"
    return " ".join(words)
