"""XNLI, PAWS-X, Tatoeba and BUCC: our scores are those of their definitions."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from xfer.tasks.metrics import MINING_F1, Labels
from xfer.tasks.registry import SHIPPED

SETS = 300
ODD = ["", "Entailment", "entailment ", "é", "e\u0301", "نعم", "０"]
"""Answers that no label equals, however alike."""


def answers(draw: random.Random, right: list[str], choices: list[str]) -> list[str]:
    """As many answers: all right, all wrong, one and the same throughout, or right with some probability."""
    kind = draw.choice(["right", "wrong", "constant", "mixed", "mixed", "mixed"])
    if kind == "constant":
        return [draw.choice(choices)] * len(right)
    share = {"right": 1.0, "wrong": 0.0}.get(kind, draw.random())
    return [
        label if draw.random() < share else draw.choice([c for c in [*choices, *ODD] if c != label]) for label in right
    ]


@pytest.mark.parametrize("name", ["xnli", "pawsx"])
def test_accuracy_is_the_share_of_pairs_with_the_right_label(name: str) -> None:
    task, seen = SHIPPED.get(name), set()
    for seed in range(SETS):
        draw = random.Random(seed)
        right = [draw.choice(task.labels) for _ in range(draw.randint(1, 30))]
        found = answers(draw, right, list(task.labels))
        by_hand = Fraction(len([row for row, label in enumerate(right) if found[row] == label]), len(right))
        value = task.major.compute([[label] for label in right], [[label] for label in found], "de")
        assert value == pytest.approx(float(by_hand), abs=1e-12)
        seen.add(by_hand)
    assert {0, 1} < seen and len(seen) > 50


def test_tatoeba_is_the_share_of_sentences_whose_translation_is_found() -> None:
    task, seen = SHIPPED.get("tatoeba"), set()
    for seed in range(SETS):
        draw = random.Random(seed)
        rows = [str(row) for row in range(draw.randint(1, 40))]
        found = answers(draw, rows, rows if len(rows) > 1 else ["0", "1"])
        by_hand = Fraction(sum(1 for row, number in enumerate(found) if number == str(row)), len(rows))
        value = task.major.compute([[row] for row in rows], [[number] for number in found], "th")
        assert value == pytest.approx(float(by_hand), abs=1e-12)
        seen.add(by_hand)
    assert {0, 1} < seen and len(seen) > 50


def mining(draw: random.Random) -> tuple[Labels, Labels]:
    """Partners of which some are missing on either side, as far as nobody having any."""
    lines, present = draw.randint(1, 30), draw.choice([0.0, 0.3, 0.9, 1.0])
    claimed, right = draw.choice([0.0, 0.3, 0.9, 1.0]), draw.choice([0.0, 0.5, 1.0])
    gold = [[f"de-{row:06}"] if draw.random() < present else [] for row in range(lines)]
    others = [f"de-{draw.randint(0, lines):06}" for _ in range(lines)]
    found = [
        [] if draw.random() >= claimed else partner if partner and draw.random() < right else [other]
        for partner, other in zip(gold, others, strict=True)
    ]
    return gold, found


def test_bucc_is_the_f1_of_pairs_of_sentences() -> None:
    """The harmonic mean of precision and recall of pairs; 0 where none is right, as XTREME's script has it."""
    seen = set()
    for seed in range(SETS):
        gold, found = mining(random.Random(seed))
        hits = len([row for row, partner in enumerate(found) if partner and partner == gold[row]])
        by_hand = Fraction(0)
        if hits:
            precision = Fraction(hits, sum(map(len, found)))
            recall = Fraction(hits, sum(map(len, gold)))
            by_hand = 2 * precision * recall / (precision + recall)
        assert MINING_F1.compute(gold, found, "de") == pytest.approx(float(by_hand), abs=1e-12), (gold, found)
        seen.add(by_hand)
    assert {0, 1} < seen and len(seen) > 50


def test_a_partner_counts_for_its_own_sentence_alone() -> None:
    assert MINING_F1.compute([["x"], ["y"]], [["y"], ["x"]], "zh") == 0.0
    assert MINING_F1.compute([["x"], []], [["x"], ["x"]], "zh") == pytest.approx(2 / 3)
    assert MINING_F1.compute([[], []], [[], []], "zh") == 0.0
