"""Metrics against their definitions, and what seqeval 1.2.2 does that no definition says."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from xfer.tasks.metrics import ACCURACY, TAG_F1, TOKEN_ACCURACY

TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")


def sentences(seed: int, valid: bool) -> list[list[str]]:
    """Random tag sequences; ``valid``: an I- tag only ever goes on with a chunk of its type (IOB2)."""
    draw = random.Random(seed)
    made = []
    for _ in range(draw.randint(1, 6)):
        tags: list[str] = []
        for _ in range(draw.randint(1, 9)):
            last = tags[-1][2:] if tags else ""
            tags.append(draw.choice([tag for tag in TAGS if not valid or tag[0] != "I" or tag[2:] == last]))
        made.append(tags)
    return made


def like(gold: Sequence[Sequence[str]], seed: int, valid: bool) -> list[list[str]]:
    """Predictions of the gold's lengths that agree with it in part."""
    draw = random.Random(-seed)
    made = []
    for tags in gold:
        out: list[str] = []
        for tag in tags:
            last = out[-1][2:] if out else ""
            allowed = [t for t in TAGS if not valid or t[0] != "I" or t[2:] == last]
            out.append(tag if tag in allowed and draw.random() < 0.7 else draw.choice(allowed))
        made.append(out)
    return made


def chunks(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Type, first and last word of each chunk: B- opens one; I- of another type than the word before opens one too."""
    opened: tuple[str, int] | None = None
    for place, tag in enumerate((*tags, "O")):
        goes_on = opened is not None and tag == f"I-{opened[0]}"
        if opened is not None and not goes_on:
            yield opened[0], opened[1], place - 1
            opened = None
        if tag != "O" and not goes_on:
            opened = (tag[2:], place)


def chunk_f1(gold: Sequence[Sequence[str]], prediction: Sequence[Sequence[str]]) -> float:
    right = {(row, *chunk) for row, tags in enumerate(gold) for chunk in chunks(tags)}
    found = {(row, *chunk) for row, tags in enumerate(prediction) for chunk in chunks(tags)}
    return 2 * len(right & found) / (len(right) + len(found)) if right or found else 0.0


@pytest.mark.parametrize("valid", [True, False], ids=["IOB2", "any-order-of-tags"])
def test_tag_f1_is_the_micro_average_over_chunks_by_definition(valid: bool) -> None:
    values = []
    for seed in range(1, 301):
        gold = sentences(seed, valid)
        prediction = like(gold, seed, valid)
        values.append(chunk_f1(gold, prediction))
        assert TAG_F1.compute(gold, prediction) == pytest.approx(values[-1], abs=1e-12), (gold, prediction)
    assert min(values) < 0.3 and max(values) > 0.8 and len(set(values)) > 60


def test_chunks_of_other_sentences_do_not_meet_and_nothing_found_is_zero() -> None:
    assert TAG_F1.compute([["B-PER"], ["I-PER"]], [["B-PER"], ["I-PER"]]) == 1.0
    assert TAG_F1.compute([["B-PER"], ["O"]], [["O"], ["B-PER"]]) == 0.0
    assert TAG_F1.compute([["O", "O"]], [["O", "O"]]) == 0.0


@pytest.mark.parametrize(
    ("gold", "prediction", "f1", "accuracy"),
    [
        (["NOUN"] * 4, ["NOUN", "VERB", "NOUN", "NOUN"], 0.0, 0.75),  # equal neighbours are one chunk
        (["NOUN", "VERB"], ["NOUN", "VERB"], 1.0, 1.0),
        (["SCONJ", "SCONJ"], ["SCONJ", "NOUN"], 0.5, 0.5),  # S: a chunk by itself, each of them
        (["SYM", "SYM"], ["SYM", "SYM"], 1.0, 1.0),
        (["X", "_"], ["X", "_"], 0.0, 1.0),  # neither is a chunk in 1.2.2 (X is one in 0.0.12)
        (["NOUN", "X"], ["NOUN", "VERB"], 2 / 3, 0.5),
    ],
)
def test_quirks_of_seqeval_on_tags_without_prefix_are_those_xtreme_published_with(
    gold: list[str], prediction: list[str], f1: float, accuracy: float
) -> None:
    assert TAG_F1.compute([gold], [prediction]) == pytest.approx(f1)
    assert TOKEN_ACCURACY.compute([gold], [prediction]) == pytest.approx(accuracy)


def test_accuracy_is_the_share_of_equal_labels_over_all_examples_or_words() -> None:
    for seed in range(1, 201):
        gold = sentences(seed, valid=False)
        prediction = like(gold, seed, valid=False)
        pairs = [pair for g, p in zip(gold, prediction, strict=True) for pair in zip(g, p, strict=True)]
        by_hand = sum(g == p for g, p in pairs) / len(pairs)
        assert TOKEN_ACCURACY.compute(gold, prediction) == pytest.approx(by_hand, abs=1e-12)
        singles = [[g] for g, _ in pairs], [[p] for _, p in pairs]
        assert ACCURACY.compute(*singles) == pytest.approx(by_hand, abs=1e-12)


def test_chance_is_the_best_constant_answer() -> None:
    assert ACCURACY.chance([["a"], ["b"], ["a"], ["c"]]) == 0.5
    assert TOKEN_ACCURACY.chance([["X", "Y", "Y"], ["Y"]]) == 0.75
    assert ACCURACY.chance([[str(row)] for row in range(40)]) == pytest.approx(1 / 40)
    assert TAG_F1.chance([["B-PER"]]) is None
    assert ACCURACY.chance([]) is None


def test_a_metric_counts_by_its_name_and_version() -> None:
    assert TAG_F1.identity() == ["tag_f1", TAG_F1.version]
