"""UD POS and PAN-X: our F1 of chunks is seqeval's, by the parsings of its versions 1.2.2 and 0.0.12."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import pytest
from seqeval.metrics import f1_score

from xfer.tasks.metrics import TAG_F1, TAG_F1_0012, TOKEN_ACCURACY
from xfer.tasks.registry import SHIPPED

Tags = Sequence[str]
Chunk = tuple[str, int, int]
"""Type, first and last word."""

PANX = SHIPPED.get("panx").labels
UDPOS = SHIPPED.get("udpos").labels
ODD = (
    "O", "B", "I", "E", "S", "X", "_", ".", "-", "B-", "-B", "B-PER", "I-PER", "E-PER", "S-PER", "L-PER", "U-ORG",
    "B-A-B", "I-A-B", "I-B", "I-O", "X-O", "E-O", ".-O", "..", "OO", "É", "اسم", "I-人名", "b-PER",
)  # fmt: skip
"""Tags of other schemes and of none, which seqeval takes all the same."""

SETS = 250


def sentences(draw: random.Random, tags: Tags, most: int = 9) -> list[list[str]]:
    """Sentences, some without words or of a few tags only, so that equal ones meet."""
    few = draw.sample(tags, min(len(tags), draw.randint(2, 5))) if draw.random() < 0.5 else tags
    return [[draw.choice(few) for _ in range(draw.randint(0, most))] for _ in range(draw.randint(1, 6))]


def like(draw: random.Random, gold: Sequence[Tags], tags: Tags) -> list[list[str]]:
    """Predictions: all O, the same throughout, right, or right with some probability."""
    kind = draw.choice(["outside", "constant", "right", "mixed", "mixed", "mixed", "mixed"])
    constant = "O" if kind == "outside" else draw.choice(tags)
    share = {"right": 1.0, "mixed": draw.uniform(0.3, 1.0)}.get(kind, 0.0)
    return [
        [tag if draw.random() < share else draw.choice(tags) if kind == "mixed" else constant for tag in sentence]
        for sentence in gold
    ]


def iob2(draw: random.Random, gold: Sequence[Tags]) -> list[list[str]]:
    """The same sentences, an I- tag only where it goes on with a chunk of its type."""
    made: list[list[str]] = []
    for sentence in gold:
        out: list[str] = []
        for tag in sentence:
            alone = tag[0] == "I" and (not out or out[-1][2:] != tag[2:])
            out.append(draw.choice(["O", f"B-{tag[2:]}"]) if alone else tag)
        made.append(out)
    return made


def seqeval_122(gold: Sequence[Tags], prediction: Sequence[Tags]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns of each tag without a prefix.
        return float(f1_score([list(tags) for tags in gold], [list(tags) for tags in prediction], zero_division=0))


def f1(chunks: Callable[[Tags], Iterator[Chunk]], gold: Sequence[Tags], prediction: Sequence[Tags]) -> float:
    right, found = ({(row, *c) for row, tags in enumerate(side) for c in chunks(tags)} for side in (gold, prediction))
    precision, recall = (len(right & found) / len(side) if side else 0.0 for side in (found, right))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def entities(tags: Tags) -> Iterator[Chunk]:
    """B- opens a chunk; so does I- of another type than the word before it."""
    opened: tuple[str, int] | None = None
    for place, tag in enumerate((*tags, "O")):
        goes_on = opened is not None and tag == f"I-{opened[0]}"
        if opened is not None and not goes_on:
            yield opened[0], opened[1], place - 1
            opened = None
        if tag != "O" and not goes_on:
            opened = (tag[2:], place)


def runs(tags: Tags) -> Iterator[Chunk]:
    """Words of equal parts of speech in sequence; but each word by itself where the tag's S is read as *single*."""
    place = 0
    for tag, words in groupby(tags):
        length = len(list(words))
        if tag[0] == "S":
            yield from ((tag, at, at) for at in range(place, place + length))
        elif tag != "O":
            yield tag, place, place + length - 1
        place += length


def conlleval(tags: Tags) -> Iterator[Chunk]:
    """conlleval.pl's rules, word by word, with 0.0.12's types: what is behind the last hyphen."""
    prefix, kind, first = "O", "O", 0
    for place, tag in enumerate((*tags, "O")):
        before, kind_before = prefix, kind
        prefix, kind = tag[0], tag.split("-")[-1]
        other = kind != kind_before
        if (
            before in "ES"
            or (before + prefix in ("BB", "BS", "BO", "IB", "IS", "IO"))
            or (before not in "O." and other)
        ):
            yield kind_before, first, place - 1
        if (
            prefix in "BS"
            or (before + prefix in ("EE", "EI", "SE", "SI", "OE", "OI"))
            or (prefix not in "O." and other)
        ):
            first = place


def drawn(tags: Tags, first_seed: int) -> Iterator[tuple[list[list[str]], list[list[str]]]]:
    for seed in range(first_seed, first_seed + SETS):
        draw = random.Random(seed)
        gold = sentences(draw, tags)
        yield gold, like(draw, gold, (*tags, "O", "UNKNOWN", "B-UNKNOWN"))


def test_panx_is_the_micro_average_over_entities_by_definition() -> None:
    values = []
    for valid in (True, False):
        for seed in range(SETS):
            draw = random.Random(seed)
            gold = sentences(draw, PANX)
            prediction = like(draw, gold, PANX)
            if valid:
                gold, prediction = iob2(draw, gold), iob2(draw, prediction)
            values.append(f1(entities, gold, prediction))
            for metric in (TAG_F1, TAG_F1_0012):
                assert metric.compute(gold, prediction, "sw") == pytest.approx(values[-1], abs=1e-12), (
                    gold,
                    prediction,
                )
    assert values.count(0.0) > 20 and values.count(1.0) > 20 and len(set(values)) > 100


def test_udpos_by_the_older_parsing_is_about_runs_of_equal_tags() -> None:
    values = []
    for gold, prediction in drawn(UDPOS, 1000):
        known = [["NOUN" if tag == "B-UNKNOWN" else tag for tag in tags] for tags in prediction]
        values.append(f1(runs, gold, known))
        assert TAG_F1_0012.compute(gold, known, "fi") == pytest.approx(values[-1], abs=1e-12), (gold, known)
    assert values.count(0.0) > 20 and values.count(1.0) > 20 and len(set(values)) > 100


@pytest.mark.parametrize("tags", [UDPOS, PANX, ODD], ids=["udpos", "panx", "odd"])
def test_tag_f1_is_that_of_seqeval_122_on_any_tags(tags: Tags) -> None:
    values = []
    for gold, prediction in drawn(tags, 2000):
        values.append(seqeval_122(gold, prediction))
        assert TAG_F1.compute(gold, prediction, "en") == pytest.approx(values[-1], abs=1e-12), (gold, prediction)
    assert 0.0 in values and 1.0 in values and len(set(values)) > 80


@pytest.mark.parametrize("tags", [UDPOS, PANX, ODD], ids=["udpos", "panx", "odd"])
def test_the_older_parsing_follows_conllevals_rules_on_any_tags(tags: Tags) -> None:
    differ = 0
    for gold, prediction in drawn(tags, 3000):
        value = TAG_F1_0012.compute(gold, prediction, "en")
        assert value == pytest.approx(f1(conlleval, gold, prediction), abs=1e-12), (gold, prediction)
        differ += value != pytest.approx(TAG_F1.compute(gold, prediction, "en"))
    assert (differ > 10) == (tags is not PANX)


@pytest.mark.parametrize(
    ("gold", "prediction", "f1_122", "f1_0012", "accuracy"),
    [
        (["NOUN"] * 4, ["NOUN", "VERB", "NOUN", "NOUN"], 0.0, 0.0, 0.75),  # equal neighbours are one chunk
        (["NOUN", "VERB"], ["NOUN", "VERB"], 1.0, 1.0, 1.0),
        (["SCONJ", "SCONJ"], ["SCONJ", "NOUN"], 0.5, 0.5, 0.5),  # S: a chunk by itself, each of them
        (["SYM", "SYM"], ["SYM", "SYM"], 1.0, 1.0, 1.0),
        (["INTJ", "INTJ"], ["INTJ", "INTJ"], 1.0, 1.0, 1.0),  # I: goes on with one of the same type
        (["O", "X", "O"], ["O", "X", "O"], 0.0, 1.0, 1.0),  # X beside O is a chunk in 0.0.12 alone
        (["NOUN", "X"], ["NOUN", "VERB"], 2 / 3, 0.5, 0.5),
        (["NOUN", "X", "VERB"], ["NOUN", "X", "VERB"], 1.0, 1.0, 1.0),  # between others it is one in both
    ],
)
def test_quirks_of_seqeval_on_tags_without_prefix(
    gold: list[str], prediction: list[str], f1_122: float, f1_0012: float, accuracy: float
) -> None:
    values = [metric.compute([gold], [prediction], "en") for metric in (TAG_F1, TAG_F1_0012, TOKEN_ACCURACY)]
    assert values == pytest.approx([f1_122, f1_0012, accuracy])


def test_chunks_of_other_sentences_do_not_meet_and_nothing_found_is_zero() -> None:
    for metric in (TAG_F1, TAG_F1_0012):
        assert metric.compute([["B-PER"], ["I-PER"]], [["B-PER"], ["I-PER"]], "en") == 1.0
        assert metric.compute([["B-PER"], ["O"]], [["O"], ["B-PER"]], "en") == 0.0
        assert metric.compute([["O", "O"], []], [["O", "O"], []], "en") == 0.0
        assert metric.compute([], [], "en") == 0.0


def test_token_accuracy_is_the_share_of_equal_tags_over_all_words() -> None:
    for gold, prediction in drawn(UDPOS, 4000):
        pairs = [pair for g, p in zip(gold, prediction, strict=True) for pair in zip(g, p, strict=True)]
        if pairs:
            by_hand = len([1 for right, found in pairs if right == found]) / len(pairs)
            assert TOKEN_ACCURACY.compute(gold, prediction, "yo") == pytest.approx(by_hand, abs=1e-12)
