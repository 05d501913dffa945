"""The words of every language: which forms it shares with the first one, and what its own look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
import numpy.typing as npt

from xfer.fingerprint import seed_of
from xfer.synthetic.meanings import ADJECTIVES, CLASSES, GROUPS, NOUNS, PLACES, SYNONYMS, VERBS
from xfer.synthetic.world import World

Words = npt.NDArray[np.object_]

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
SYLLABLES = 2
"""Of a content word; a preposition has one."""

SHAPES = {
    "verbs": (GROUPS, VERBS, SYNONYMS),
    "nouns": (CLASSES, NOUNS),
    "adjectives": (ADJECTIVES,),
    "places": (PLACES,),
    "prepositions": (1,),
}


@dataclass(frozen=True)
class Lexicon:
    """The words of one language, by concept, in the shapes of ``SHAPES``."""

    verbs: Words
    nouns: Words
    adjectives: Words
    places: Words
    prepositions: Words
    """One: the language's only function word."""


def lexicons(world: World) -> Mapping[str, Lexicon]:
    """The words of every language. Two languages have a form in common if it is a cognate, never by chance."""
    return _lexicons(world.seed, tuple((code, language.cognates) for code, language in world.languages.items()))


@lru_cache(maxsize=16)
def _lexicons(seed: int, cognates: tuple[tuple[str, float], ...]) -> Mapping[str, Lexicon]:
    taken: set[str] = set()
    made: dict[str, dict[str, Words]] = {}
    for code, share in cognates:
        random = np.random.default_rng(seed_of("words", seed, code))
        made[code] = own = {kind: _words(kind, random, taken) for kind in SHAPES}
        if len(made) > 1:
            first = next(iter(made.values()))
            made[code] = {kind: np.where(_distance(seed, kind) < share, first[kind], own[kind]) for kind in SHAPES}
    return {code: Lexicon(**words) for code, words in made.items()}


def _words(kind: str, random: np.random.Generator, taken: set[str]) -> Words:
    stream = _new_words(1 if kind == "prepositions" else SYLLABLES, random, taken)
    words = np.array([next(stream) for _ in range(prod(SHAPES[kind]))], dtype=object)
    return words.reshape(SHAPES[kind])


def _new_words(syllables: int, random: np.random.Generator, taken: set[str]) -> Iterator[str]:
    while True:
        picks = zip(
            random.integers(0, len(CONSONANTS), syllables), random.integers(0, len(VOWELS), syllables), strict=True
        )
        word = "".join(CONSONANTS[c] + VOWELS[v] for c, v in picks)
        if word not in taken:
            taken.add(word)
            yield word


def _distance(seed: int, kind: str) -> npt.NDArray[np.float64]:
    """For each word the share of cognates below which a language has a form of its own: evenly spread over each
    kind, and the same for all languages, so that of two languages the nearer shares all that the farther does."""
    size = prod(SHAPES[kind])
    ranks = np.random.default_rng(seed_of("cognates", seed, kind)).permutation(size)
    return ((ranks + 0.5) / size).reshape(SHAPES[kind])
