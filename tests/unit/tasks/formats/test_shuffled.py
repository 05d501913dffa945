"""The control of shuffled labels: the same text and the same labels, dealt out anew."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from xfer.tasks.formats.base import Format
from xfer.tasks.formats.classification import Classification
from xfer.tasks.formats.masked_text import MaskedText
from xfer.tasks.formats.retrieval import Retrieval
from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.registry import SHIPPED

ROWS = 600
DRAW = np.random.default_rng(3)
SENTENCES = [[f"w{i}" for i in range(1 + row % 7)] for row in range(ROWS)]
PAIRS = pa.table(
    {
        "example": range(ROWS),
        "first": [f"text {row}" for row in range(ROWS)],
        "second": [f"other {row}" for row in range(ROWS)],
        "label": [("entailment", "neutral", "contradiction")[row % 5 % 3] for row in range(ROWS)],
    }
)
TAGGED = pa.table(
    {
        "example": range(ROWS),
        "tokens": SENTENCES,
        "tags": [
            [("NOUN", "VERB", "ADJ")[(row + i) % 5 % 3] for i in range(len(s))] for row, s in enumerate(SENTENCES)
        ],
    }
)
KINDS: dict[str, tuple[Format, pa.Table]] = {
    "one label a text": (Classification(), PAIRS), "one label a word": (Tagging(), TAGGED),
}  # fmt: skip


def flat(labels: pa.ChunkedArray) -> list[str]:
    found: list[object] = labels.to_pylist()
    return [word for item in found for word in ([item] if isinstance(item, str) else item)]  # type: ignore[attr-defined]


def shuffled(name: str, seed: int = 1) -> pa.Table:
    kind, rows = KINDS[name]
    return kind.shuffled(rows, np.random.default_rng(seed))


@pytest.mark.parametrize("name", KINDS)
def test_the_labels_are_the_same_ones_and_say_nothing_about_the_text(name: str) -> None:
    kind, rows = KINDS[name]
    before, after = flat(rows[kind.gold]), flat(shuffled(name)[kind.gold])
    assert Counter(after) == Counter(before)
    agreement = float(np.mean([one == other for one, other in zip(before, after, strict=True)]))
    chance = sum((count / len(before)) ** 2 for count in Counter(before).values())
    assert agreement == pytest.approx(chance, abs=0.06)


@pytest.mark.parametrize("name", KINDS)
def test_nothing_else_of_the_rows_changes(name: str) -> None:
    kind, rows = KINDS[name]
    found = shuffled(name)
    assert found.schema == rows.schema
    assert found.drop_columns(kind.gold).equals(rows.drop_columns(kind.gold))


def test_every_word_has_a_tag_still() -> None:
    found = shuffled("one label a word")
    assert [len(tags) for tags in found["tags"].to_pylist()] == [len(words) for words in SENTENCES]
    Tagging().check(SHIPPED.get("udpos"), found, "somewhere")


@pytest.mark.parametrize("name", KINDS)
def test_how_they_are_dealt_follows_from_the_random_state(name: str) -> None:
    assert shuffled(name).equals(shuffled(name))
    assert not shuffled(name).equals(shuffled(name, seed=2))


@pytest.mark.parametrize("name", KINDS)
def test_a_part_of_a_table_deals_out_its_own_labels(name: str) -> None:
    kind, rows = KINDS[name]
    part = rows.slice(100, 50)
    found = kind.shuffled(part, np.random.default_rng(1))
    assert found.num_rows == 50
    assert Counter(flat(found[kind.gold])) == Counter(flat(part[kind.gold]))
    assert found.drop_columns(kind.gold).equals(part.drop_columns(kind.gold))


def test_formats_without_a_gold_field_say_so() -> None:
    assert (Classification().gold, Tagging().gold) == ("label", "tags")
    assert (MaskedText().gold, Retrieval().gold) == ("", "")
