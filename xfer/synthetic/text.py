"""Documents to pretrain on: a clause, and the same said again with the verb's other word."""

from __future__ import annotations

import numpy as np

from xfer.synthetic import grammar
from xfer.synthetic.lexicon import lexicons
from xfer.synthetic.meanings import SAME, Clauses, Ints, related
from xfer.synthetic.world import World

TRANSLATED = 0.75
"""Share of documents whose second clause is in another language: from these, a model learns what words of
different languages have in common; from all, that the verbs of two clauses are to be compared."""
FIRST_LANGUAGE = 0.25
"""Share of documents that begin in the first language; the others share the rest."""


def documents(world: World, clauses: Clauses, random: np.random.Generator) -> list[str]:
    """One document a clause."""
    codes, words, size = list(world.languages), lexicons(world), len(clauses)
    again = related(clauses, np.full(size, SAME), random)
    said, said_again = (
        [grammar.sentences(part, words[code], world.languages[code]) for code in codes] for part in (clauses, again)
    )
    one, two = _languages(len(codes), size, random)
    stop = grammar.STOP
    return [f"{said[a][i]} {stop} {said_again[b][i]} {stop}" for i, (a, b) in enumerate(zip(one, two, strict=True))]


def _languages(count: int, size: int, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Places of the languages of the first and of the second clauses, among ``count`` languages."""
    if count == 1:
        return np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    one = np.where(random.random(size) < FIRST_LANGUAGE, 0, random.integers(1, count, size))
    step = np.where(random.random(size) < TRANSLATED, random.integers(1, count, size), 0)
    return one, (one + step) % count
