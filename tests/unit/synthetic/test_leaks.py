"""Nothing but how verbs are related gives a label away: simple baselines stay near chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from xfer.synthetic import tables
from xfer.synthetic.lexicon import lexicons
from xfer.synthetic.questions import ORDINALS
from xfer.synthetic.world import Rows, World

Features = npt.NDArray[np.float64]
Pairs = list[tuple[str, str]]

ROWS = Rows(text=1, nli=4000, paraphrase=4000, tagging=1, choice=4000, span=4000, validation=1, test=3000)
TOLERANCE = 0.04
"""Above chance: four standard errors of 3,000 rows, rounded up."""


def second_alone(pairs: Pairs, words: CountVectorizer) -> Features:
    return np.asarray(words.transform([second for _, second in pairs]).todense())


def both(pairs: Pairs, words: CountVectorizer) -> Features:
    return np.asarray(words.transform([f"{first} {second}" for first, second in pairs]).todense())


def overlap(pairs: Pairs, words: CountVectorizer) -> Features:
    sets = [(set(first.split()), set(second.split())) for first, second in pairs]
    return np.array(
        [[len(one & two), len(one | two), len(one - two), len(two - one)] for one, two in sets], dtype=float
    )


def lengths(pairs: Pairs, words: CountVectorizer) -> Features:
    return np.array([[len(p) for p in pair] + [len(p.split()) for p in pair] for pair in pairs], dtype=float)


@pytest.mark.parametrize("name", ["nli", "paraphrase"])
@pytest.mark.parametrize("seed", range(1, 6))
def test_baselines_are_near_chance(seed: int, name: str) -> None:
    world = World(seed=seed, rows=ROWS)
    parts = [tables.table(world, name, "en", split) for split in ("train", "test")]
    pairs: list[Pairs] = [list(zip(part[0].to_pylist(), part[1].to_pylist(), strict=True)) for part in parts]
    gold = [part["label"].to_pylist() for part in parts]
    words = CountVectorizer(token_pattern=r"\S+").fit([second for _, second in pairs[0]])
    features: list[Callable[[Pairs, CountVectorizer], Features]] = [second_alone, both, overlap, lengths]
    for of in features:
        model = LogisticRegression(max_iter=200).fit(of(pairs[0], words), gold[0])
        accuracy = model.score(of(pairs[1], words), gold[1])
        assert abs(accuracy - 1 / len(set(gold[0]))) < TOLERANCE, of.__name__


class Row(NamedTuple):
    """A row of either kind."""

    asks: str
    """The context of a choice, the question of a span."""
    clauses: tuple[str, ...]
    """Three, of which one is meant."""
    verbs: tuple[str, ...]
    """Of these clauses."""


def rows_of(world: World, name: str, split: str) -> tuple[list[Row], list[str]]:
    """English rows, and which of the clauses is meant."""
    verbs = set(lexicons(world)["en"].verbs.flat)
    rows, meant = [], []
    for row in tables.table(world, name, "en", split).to_pylist():
        if name == "choice":
            asks, clauses = row["context"], tuple(row["options"])
            meant.append(row["label"])
        else:
            asks, clauses = row["question"], tuple(row["context"].removesuffix(" .").split(" . "))
            meant.append(ORDINALS[row["context"][: row["starts"][0]].count(".")])
        rows.append(Row(asks, clauses, tuple(next(w for w in clause.split() if w in verbs) for clause in clauses)))
    return rows, meant


def what_asks(row: Row) -> list[str]:
    return row.asks.split()


def all_words(row: Row) -> list[str]:
    return " ".join([row.asks, *row.clauses]).split()


def clauses_alone(row: Row) -> list[str]:
    return [f"{place} {word}" for place, clause in enumerate(row.clauses) for word in clause.split()]


def verbs_together(row: Row) -> list[str]:
    """Which verb meets which where: enough to tell the odd one out."""
    return [f"{i}{j} {row.verbs[i]} {row.verbs[j]}" for i in range(3) for j in range(i)]


def words_shared(row: Row) -> list[str]:
    """How many words each clause shares with what asks, and with the other clauses."""
    sets = [set(text.split()) for text in (row.asks, *row.clauses)]
    return [f"{i}{j} {len(sets[i] & sets[j])}" for i in range(4) for j in range(i)]


def how_long(row: Row) -> list[str]:
    return [f"{place} {len(text)}" for place, text in enumerate((row.asks, *row.clauses))]


@pytest.mark.parametrize("name", ["choice", "span"])
@pytest.mark.parametrize("seed", range(1, 6))
def test_baselines_of_questions_are_near_chance(seed: int, name: str) -> None:
    world = World(seed=seed, rows=ROWS)
    (rows, gold), (tests, meant) = (rows_of(world, name, split) for split in ("train", "test"))
    for features in (what_asks, all_words, clauses_alone, verbs_together, words_shared, how_long):
        words = CountVectorizer(analyzer=features)
        model = LogisticRegression(max_iter=200).fit(words.fit_transform(rows), gold)
        assert abs(model.score(words.transform(tests), meant) - 1 / 3) < TOLERANCE, features.__name__
