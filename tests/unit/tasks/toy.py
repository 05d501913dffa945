"""A tokenizer whose answers can be told by eye, and encoded tables made by hand.

``abc`` is three sub-tokens (``a ##b ##c``), a word of other letters is ``<unk>``, and zero-width spaces vanish.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from xfer.tasks.batches import Encoded
from xfer.tasks.formats.base import ENCODED

VOCABULARY = ("<s>", "<pad>", "</s>", "<unk>", "a", "b", "c", "d", "##a", "##b", "##c", "##d")
START, PAD, END, UNKNOWN = range(4)
NOTHING = "\u200b"
"""A word without sub-tokens."""


def tokenizer(padding: bool = False, unknown: str = "<unk>") -> Tokenizer:
    """A tokenizer in the manner of XLM-R's."""
    words = [unknown if word == "<unk>" else word for word in VOCABULARY]
    made = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token=unknown))
    made.normalizer = normalizers.Replace(NOTHING, "")
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B:1 </s>:1", special_tokens=[("<s>", START), ("</s>", END)]
    )
    if padding:
        made.enable_padding(pad_id=PAD, pad_token="<pad>")
    return made


def words(ids: Sequence[int]) -> str:
    """Sub-token ids as text."""
    return " ".join(VOCABULARY[i] for i in ids)


def encoded(lengths: Sequence[Sequence[int]], tokens: bool = False) -> Encoded:
    """An encoded table: for each source row the lengths of its inputs; each input's ids are its line's number."""
    lines = [(row, length) for row, inputs in enumerate(lengths) for length in inputs]
    table = {
        "row": [row for row, _ in lines],
        "input_ids": [[line] * length for line, (_, length) in enumerate(lines)],
        "type_ids": [[1] * length for _, length in lines],
        "targets": [[row % 3] * (length if tokens else 1) for row, length in lines],
        "truncated": [0] * len(lines),
    }
    return Encoded(pa.table(table, schema=ENCODED))
