"""The data of a generated world as Arrow tables: what is trained on and what is tested with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from xfer.fingerprint import seed_of
from xfer.synthetic import grammar, questions, text
from xfer.synthetic.lexicon import lexicons
from xfer.synthetic.meanings import OPPOSITE, OTHER, SAME, Clauses, balanced, draw, related
from xfer.synthetic.world import FIRST, HELD_OUT, World

VERSION = 1
"""Raised when a world of the same specification has other content."""

MIXED = "mul"
"""Code of text in all languages at once (ISO 639-2)."""

TAGS = ("ADJ", "ADP", "NOUN", "PROPN", "PUNCT", "VERB")
"""Parts of speech, named as in Universal Dependencies."""

LABELS: Mapping[str, Mapping[int, str]] = {
    "nli": {SAME: "entailment", OTHER: "neutral", OPPOSITE: "contradiction"},
    "paraphrase": {SAME: "paraphrase", OTHER: "different", OPPOSITE: "different"},
}
"""What each relation of two clauses is called."""

RELATIONS_OF = {"nli": (SAME, OTHER, OPPOSITE), "paraphrase": (SAME, OTHER, SAME, OPPOSITE)}
"""Relations in the proportions that make labels equally frequent."""

QUESTIONS = {"choice": questions.choices, "span": questions.spans}

NAMES = ("text", *LABELS, "tagging", "retrieval", *QUESTIONS)


def languages(world: World, name: str) -> tuple[str, ...]:
    """Codes of the languages that a table exists in. Raises ``LookupError`` for an unknown table."""
    if name not in NAMES:
        raise LookupError(f"a world has no table '{name}': it has {', '.join(NAMES)}")
    if name == "text":
        return (MIXED,)
    return tuple(code for code in world.languages if name != "retrieval" or code != FIRST)


def splits(world: World, name: str, language: str) -> tuple[str, ...]:
    """Splits that a table has in a language; none if it does not exist in it."""
    if language not in languages(world, name):
        return ()
    if name == "retrieval":
        return ("test",)
    if name == "text":
        return ("train", "validation")
    return ("train", *HELD_OUT) if language == FIRST else HELD_OUT


def identity(world: World, name: str, language: str, split: str) -> object:
    """What shapes one table: worlds that are alike in it have the same rows there.

    Of the numbers of rows those count up to the split's own, in the order in which splits take their clauses.
    """
    spoken = [[code, known.model_dump()] for code, known in world.languages.items()]
    return [VERSION, world.seed, spoken, name, language, split, _taken(world, name, split)]


def table(world: World, name: str, language: str, split: str) -> pa.Table:
    """One table. A row of validation or test data means the same, and has the same label, in every language.

    Raises ``LookupError`` for a table, language or split that the world does not have.
    """
    if split not in splits(world, name, language):
        raise LookupError(f"a world has no table {name}/{language}/{split}")
    clauses = _clauses(world, name, split)
    random = np.random.default_rng(seed_of("rows", world.seed, name, split))
    if name == "text":
        return pa.table({"text": text.documents(world, clauses, random)})
    if name == "retrieval":
        return pa.table({"query": _said(world, clauses, FIRST), "candidate": _said(world, clauses, language)})
    if name == "tagging":
        return _tagging(world, clauses, language)
    if name in QUESTIONS:
        return QUESTIONS[name](clauses, lexicons(world)[language], world.languages[language], random)
    return _pairs(world, clauses, random, name, language)


def _clauses(world: World, name: str, split: str) -> Clauses:
    """The split's own share of the table's clauses: no other split begins a row with one of them."""
    taken = _taken(world, name, split)
    return draw(np.random.default_rng(seed_of("clauses", world.seed, name)), sum(taken[:-1]), sum(taken))


def _taken(world: World, name: str, split: str) -> list[int]:
    """How many clauses of a table each split takes, one after the other, up to this one."""
    rows = world.rows
    sizes = {"test": rows.test, "validation": rows.validation, "train": getattr(rows, name, 0)}
    return list(sizes.values())[: list(sizes).index(split) + 1]


def _said(world: World, clauses: Clauses, language: str) -> list[str]:
    return grammar.sentences(clauses, lexicons(world)[language], world.languages[language])


def _tagging(world: World, clauses: Clauses, language: str) -> pa.Table:
    """Columns ``tokens`` and ``tags``: a clause with its stop."""
    said = [
        [*clause, (grammar.STOP, "PUNCT")]
        for clause in grammar.tagged(clauses, lexicons(world)[language], world.languages[language])
    ]
    tokens, tags = ([[pair[i] for pair in clause] for clause in said] for i in (0, 1))
    return pa.table({"tokens": tokens, "tags": tags})


def _pairs(world: World, clauses: Clauses, random: np.random.Generator, name: str, language: str) -> pa.Table:
    """Two clauses that differ in the verb alone, and how they are related."""
    relation = balanced(RELATIONS_OF[name], len(clauses), random)
    first, second = ("premise", "hypothesis") if name == "nli" else ("first", "second")
    return pa.table(
        {
            first: _said(world, clauses, language),
            second: _said(world, related(clauses, relation, random), language),
            "label": [LABELS[name][kind] for kind in relation.tolist()],
        }
    )
