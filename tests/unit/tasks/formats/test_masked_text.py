"""Masked text: every sub-token could be asked for, but for those that stand around every input."""

from __future__ import annotations

import pyarrow as pa

from tests.unit.tasks import toy
from xfer.tasks.formats.base import ENCODED, IGNORE
from xfer.tasks.formats.masked_text import MaskedText
from xfer.tasks.registry import SHIPPED
from xfer.tasks.text import TextEncoder

TASK = SHIPPED.get("world_text")
ROWS = pa.table({"example": [0, 1, 2], "cluster": [0, 1, 2], "text": ["ab c", "x", "a b " * 9]})


def test_targets_are_the_sub_tokens_themselves_and_nothing_special_has_one() -> None:
    encoded = MaskedText().encode(TASK, ROWS, TextEncoder(toy.tokenizer(), 12))
    assert encoded.schema == ENCODED
    for ids, targets in zip(encoded["input_ids"].to_pylist(), encoded["targets"].to_pylist(), strict=True):
        assert targets == [IGNORE, *ids[1:-1], IGNORE]
    assert toy.words(encoded["input_ids"][0].as_py()) == "<s> a ##b c </s>"
    assert encoded["input_ids"][1].as_py()[1] == encoded["targets"][1].as_py()[1] == toy.UNKNOWN


def test_a_text_that_is_too_long_is_cut_and_counted() -> None:
    encoded = MaskedText().encode(TASK, ROWS, TextEncoder(toy.tokenizer(), 12))
    assert encoded["truncated"].to_pylist() == [0, 0, 8]
    assert len(encoded["input_ids"][2].as_py()) == 12


def test_the_head_is_as_wide_as_the_models_vocabulary() -> None:
    assert (MaskedText().size(TASK, 99), MaskedText().output, MaskedText().metrics) == (99, "vocabulary", ())
