"""What can be said, before any language: clauses of concepts, and how two clauses can be related.

A clause is one of ``CLAUSES`` numbers. Its digits (mixed radix, ``SHAPE``) are its parts, so drawing numbers draws
every part uniformly and independently, and distinct numbers are distinct clauses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

GROUPS, VERBS, SYNONYMS = 3, 4, 2
"""Verbs of a group take the same subjects and objects; they are two pairs of opposites (0-1 and 2-3)."""
CLASSES, NOUNS = 4, 6
"""Classes of nouns, and nouns in each."""
ADJECTIVES, PLACES = 8, 6

SUBJECT_CLASS = np.array([0, 2, 3])
OBJECT_CLASS = np.array([1, 0, 2])
"""Class of the nouns that a group's verbs take."""

SHAPE = (GROUPS, VERBS, SYNONYMS, NOUNS, NOUNS, 1 + 2 * ADJECTIVES, 1 + PLACES)
CLAUSES = math.prod(SHAPE)

SAME, OPPOSITE, OTHER = range(3)
"""Relations of two clauses: the second's verb means the same (and is the other synonym), the opposite, or
something else of its group."""


@dataclass(frozen=True)
class Clauses:
    """Clauses as columns [clauses]."""

    group: Ints
    verb: Ints
    """Place in the group: ``verb ^ 1`` is the opposite."""
    synonym: Ints
    """Which of the verb's two words."""
    agent: Ints
    patient: Ints
    """Nouns, as places in the classes that the group takes."""
    adjective: Ints
    """0: none; then of the agent (1 to 8) or of the patient (9 to 16)."""
    place: Ints
    """0: none."""

    def __len__(self) -> int:
        return len(self.group)


def draw(random: np.random.Generator, start: int, stop: int) -> Clauses:
    """Clauses ``start`` to ``stop`` of all there are in random order: distinct, and apart from other stretches."""
    numbers = random.permutation(CLAUSES)[start:stop]
    return Clauses(*(digits.astype(np.int64) for digits in np.unravel_index(numbers, SHAPE)))


def balanced(values: Sequence[int], size: int, random: np.random.Generator) -> Ints:
    """``size`` values in random order, each as often as any other (give or take one)."""
    return random.permutation(np.resize(np.array(values, dtype=np.int64), size))


def related(clauses: Clauses, relation: Ints, random: np.random.Generator) -> Clauses:
    """Clauses that differ from the given ones in the verb alone.

    If the given verbs are uniform in their group, so are these, whatever the relation.
    """
    other = 2 + random.integers(0, 2, len(clauses))
    return changed(clauses, np.choose(relation, [np.zeros_like(other), np.ones_like(other), other]), random)


def changed(clauses: Clauses, change: Ints, random: np.random.Generator) -> Clauses:
    """Clauses with another verb: 0 gives the same concept, 1 the opposite, 2 and 3 the two others of the group.

    The word of the same concept is always the other synonym, so that no change shows in how many words are shared.
    """
    any_synonym = random.integers(0, SYNONYMS, len(clauses))
    synonym = np.where(change == 0, 1 - clauses.synonym, any_synonym)
    return replace(clauses, verb=clauses.verb ^ change, synonym=synonym)
