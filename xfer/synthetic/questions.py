"""Questions that the meaning of a verb alone decides: a choice among clauses, and what a clause's verb is done to.

In both, three clauses have three different verbs of one group, drawn uniformly, and the one asked for is any of them
alike. So neither the clauses nor the question say by themselves which it is, not even to one who knows what all verbs
mean; and the word that asks, the other synonym, stands in none of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from xfer.synthetic import grammar
from xfer.synthetic.lexicon import Lexicon
from xfer.synthetic.meanings import ADJECTIVES, NOUNS, PLACES, VERBS, Clauses, Ints, balanced, changed
from xfer.synthetic.world import Language

ORDINALS = ("first", "second", "third")
"""Which of the clauses it is: the labels of a choice."""


def choices(clauses: Clauses, lexicon: Lexicon, language: Language, random: np.random.Generator) -> pa.Table:
    """Columns ``context``, ``options`` and ``label``: the options differ from the context in the verb alone, and the
    one of the label has the verb that means the same."""
    asked = balanced(range(len(ORDINALS)), len(clauses), random)
    options = [
        grammar.sentences(changed(clauses, change, random), lexicon, language)
        for change in _different(asked, VERBS, random)
    ]
    return pa.table(
        {
            "context": grammar.sentences(clauses, lexicon, language),
            "options": [list(row) for row in zip(*options, strict=True)],
            "label": [ORDINALS[number] for number in asked.tolist()],
        }
    )


def spans(clauses: Clauses, lexicon: Lexicon, language: Language, random: np.random.Generator) -> pa.Table:
    """Columns ``context`` (three clauses with stops), ``question`` (a verb), ``answers`` and ``starts`` (one of each):
    the answer is the patient of the clause whose verb means the same, and starts at that character of the context."""
    asked = balanced(range(len(ORDINALS)), len(clauses), random)
    told = _told(clauses, asked, random)
    said = [[f"{text} {grammar.STOP}" for text in grammar.sentences(part, lexicon, language)] for part in told]
    objects = [grammar.objects(part, lexicon, language) for part in told]
    answers, starts = [], []
    for row, place in enumerate(asked.tolist()):
        answer, start = objects[place][row]
        answers.append([answer])
        starts.append([start + sum(len(part[row]) + 1 for part in said[:place])])
    return pa.table(
        {
            "context": [" ".join(row) for row in zip(*said, strict=True)],
            "question": grammar.verbs(replace(clauses, synonym=1 - clauses.synonym), lexicon),
            "answers": answers,
            "starts": pa.array(starts, pa.list_(pa.int32())),
        }
    )


def _told(clauses: Clauses, asked: Ints, random: np.random.Generator) -> list[Clauses]:
    """What a context says: the clause that is asked for in its place, and others with other verbs and patients."""
    size, told = len(clauses), []
    patients = (clauses.patient + _different(asked, NOUNS, random)) % NOUNS
    for place, change in enumerate(_different(asked, VERBS, random)):
        other = replace(
            changed(clauses, change, random),
            agent=random.integers(0, NOUNS, size),
            patient=patients[place],
            adjective=random.integers(0, 1 + 2 * ADJECTIVES, size),
            place=random.integers(0, 1 + PLACES, size),
        )
        pairs = zip(vars(clauses).values(), vars(other).values(), strict=True)
        told.append(Clauses(*(np.where(asked == place, mine, another) for mine, another in pairs)))
    return told


def _different(asked: Ints, size: int, random: np.random.Generator) -> Ints:
    """Three different numbers below ``size`` a row, as [3, rows]: 0 in the place asked for, any others elsewhere."""
    others = random.permuted(np.tile(np.arange(1, size), (len(asked), 1)), axis=1)[:, : len(ORDINALS)]
    others[np.arange(len(asked)), asked] = 0
    return others.T
