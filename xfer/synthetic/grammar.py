"""From meanings to words in a language's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from xfer.synthetic.lexicon import Lexicon, Words
from xfer.synthetic.meanings import ADJECTIVES, OBJECT_CLASS, SUBJECT_CLASS, Clauses, Ints
from xfer.synthetic.world import Language

STOP = "."
"""Ends a clause in every language."""

PLACE = "place"
"""The role that comes last in every language; the others are the letters of ``Language.order``."""

Tagged = list[tuple[str, str]]
"""Words and their parts of speech."""

Column = tuple[Words, str]
"""The words of all clauses at one place, and their part of speech."""


def tagged(clauses: Clauses, lexicon: Lexicon, language: Language) -> list[Tagged]:
    """Each clause as words with tags: agent, verb and patient in the language's order, then the place."""
    columns = _columns(clauses, lexicon, language, [*language.order, PLACE])
    tags = [tag for _, tag in columns]
    return [[(word, tag) for word, tag in zip(row, tags, strict=True) if word] for row in _rows(columns)]


def sentences(clauses: Clauses, lexicon: Lexicon, language: Language) -> list[str]:
    """Each clause as text, without a stop."""
    return [_text(row) for row in _rows(_columns(clauses, lexicon, language, [*language.order, PLACE]))]


def objects(clauses: Clauses, lexicon: Lexicon, language: Language) -> list[tuple[str, int]]:
    """The patient of each clause, with its adjective if it has one, and the character of the sentence at which that
    starts."""
    before = language.order.split("O")[0]
    leads = _rows(_columns(clauses, lexicon, language, before))
    found = _rows(_columns(clauses, lexicon, language, "O"))
    return [(_text(row), len(_text(lead)) + 1) for lead, row in zip(leads, found, strict=True)]


def verbs(clauses: Clauses, lexicon: Lexicon) -> list[str]:
    """The word of each clause's verb."""
    return list(lexicon.verbs[clauses.group, clauses.verb, clauses.synonym])


def _columns(clauses: Clauses, lexicon: Lexicon, language: Language, roles: Iterable[str]) -> list[Column]:
    """The words of some roles of the clauses, in this order."""
    agents = lexicon.nouns[SUBJECT_CLASS[clauses.group], clauses.agent]
    patients = lexicon.nouns[OBJECT_CLASS[clauses.group], clauses.patient]
    columns = {
        "S": _phrase(agents, clauses, 0, lexicon, language),
        "V": [(lexicon.verbs[clauses.group, clauses.verb, clauses.synonym], "VERB")],
        "O": _phrase(patients, clauses, ADJECTIVES, lexicon, language),
        PLACE: [
            (_optional(np.full_like(lexicon.places, lexicon.prepositions[0]), clauses.place), "ADP"),
            (_optional(lexicon.places, clauses.place), "PROPN"),
        ],
    }
    return [column for role in roles for column in columns[role]]


def _rows(columns: Sequence[Column]) -> Iterator[tuple[str, ...]]:
    """Of each clause a word a column, empty for what it does not have."""
    return zip(*(words for words, _ in columns), strict=True)


def _text(row: Iterable[str]) -> str:
    return " ".join(word for word in row if word)


def _phrase(nouns: Words, clauses: Clauses, offset: int, lexicon: Lexicon, language: Language) -> list[Column]:
    """A noun and its adjective, if the clause's adjective is one of the eight that follow ``offset``."""
    mine = (clauses.adjective > offset) & (clauses.adjective <= offset + ADJECTIVES)
    adjective = (_optional(lexicon.adjectives, np.where(mine, clauses.adjective - offset, 0)), "ADJ")
    noun = (nouns, "NOUN")
    return [adjective, noun] if language.adjective == "before" else [noun, adjective]


def _optional(words: Words, number: Ints) -> Words:
    """The word of each number, counted from 1; nothing for 0."""
    return np.concatenate([np.array([""], dtype=object), words])[number]
