"""From meanings to words in a language's order."""

from __future__ import annotations

import numpy as np

from xfer.synthetic.lexicon import Lexicon, Words
from xfer.synthetic.meanings import ADJECTIVES, OBJECT_CLASS, SUBJECT_CLASS, Clauses, Ints
from xfer.synthetic.world import Language

STOP = "."
"""Ends a clause in every language."""

Tagged = list[tuple[str, str]]
"""Words and their parts of speech."""


def tagged(clauses: Clauses, lexicon: Lexicon, language: Language) -> list[Tagged]:
    """Each clause as words with tags: agent, verb and patient in the language's order, then the place."""
    agents = lexicon.nouns[SUBJECT_CLASS[clauses.group], clauses.agent]
    patients = lexicon.nouns[OBJECT_CLASS[clauses.group], clauses.patient]
    roles = {
        "S": _phrase(agents, clauses, 0, lexicon, language),
        "V": [(lexicon.verbs[clauses.group, clauses.verb, clauses.synonym], "VERB")],
        "O": _phrase(patients, clauses, ADJECTIVES, lexicon, language),
    }
    places = [
        (_optional(np.full_like(lexicon.places, lexicon.prepositions[0]), clauses.place), "ADP"),
        (_optional(lexicon.places, clauses.place), "PROPN"),
    ]
    columns = [column for role in language.order for column in roles[role]] + places
    tags = [tag for _, tag in columns]
    rows = zip(*(words for words, _ in columns), strict=True)
    return [[(word, tag) for word, tag in zip(row, tags, strict=True) if word] for row in rows]


def sentences(clauses: Clauses, lexicon: Lexicon, language: Language) -> list[str]:
    """Each clause as text, without a stop."""
    return [" ".join(word for word, _ in clause) for clause in tagged(clauses, lexicon, language)]


def _phrase(
    nouns: Words, clauses: Clauses, offset: int, lexicon: Lexicon, language: Language
) -> list[tuple[Words, str]]:
    """A noun and its adjective, if the clause's adjective is one of the eight that follow ``offset``."""
    mine = (clauses.adjective > offset) & (clauses.adjective <= offset + ADJECTIVES)
    adjective = (_optional(lexicon.adjectives, np.where(mine, clauses.adjective - offset, 0)), "ADJ")
    noun = (nouns, "NOUN")
    return [adjective, noun] if language.adjective == "before" else [noun, adjective]


def _optional(words: Words, number: Ints) -> Words:
    """The word of each number, counted from 1; nothing for 0."""
    return np.concatenate([np.array([""], dtype=object), words])[number]
