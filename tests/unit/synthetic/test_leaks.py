"""Nothing but the relation of the two verbs gives a label away: simple baselines stay near chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from xfer.synthetic import tables
from xfer.synthetic.world import Rows, World

Features = npt.NDArray[np.float64]
Pairs = list[tuple[str, str]]

ROWS = Rows(text=1, nli=4000, paraphrase=4000, tagging=1, validation=1, test=3000)
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
