"""Text to sub-tokens by the ``tokenizers`` library alone: the same in a lock, a plan and a lane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from xfer.errors import ModelError


@dataclass(frozen=True)
class Inputs:
    """Encoded texts, one entry each."""

    ids: list[list[int]]
    type_ids: list[list[int]]
    truncated: list[int]
    """Sub-tokens cut from the end."""


@dataclass(frozen=True)
class Window:
    """A stretch of whole words, with special tokens around them."""

    ids: list[int]
    first_subtokens: list[int]
    """Positions in ``ids``, one a word."""
    truncated: int


class TextEncoder:
    """A tokenizer and the longest input a recipe allows (in sub-tokens, special tokens included)."""

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.max_length = max_length
        self.special = frozenset(tokenizer.encode("", add_special_tokens=True).ids)
        """Ids that stand around every input."""

    def texts(self, first: Sequence[str], second: Sequence[str] | None = None) -> Inputs:
        """Encode texts or pairs; the longer of a pair is cut first."""
        self._tokenizer.enable_truncation(self.max_length, strategy="longest_first")
        pairs = list(first) if second is None else list(zip(first, second, strict=True))
        encodings = self._tokenizer.encode_batch_fast(pairs)
        cut = [0] * len(pairs)
        long = [i for i, encoding in enumerate(encodings) if encoding.overflowing]
        self._tokenizer.no_truncation()
        for i, whole in zip(long, self._tokenizer.encode_batch_fast([pairs[i] for i in long]), strict=True):
            cut[i] = len(whole.ids) - len(encodings[i].ids)
        return Inputs([e.ids for e in encodings], [e.type_ids for e in encodings], cut)

    def words(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[Window]]:
        """Encode sentences given as words; each becomes one or more windows that hold all its words."""
        self._tokenizer.no_truncation()
        unknown = [self._unknown_id()]
        special = self._tokenizer.encode("", add_special_tokens=True).ids
        before, after = special[: len(special) // 2], special[len(special) // 2 :]
        room = self.max_length - len(special)
        for encoding, words in zip(
            self._tokenizer.encode_batch(
                [list(words) for words in sentences], is_pretokenized=True, add_special_tokens=False
            ),
            sentences,
            strict=True,
        ):
            pieces: list[list[int]] = [[] for _ in words]
            for token, word in zip(encoding.ids, encoding.word_ids, strict=True):
                if word is not None:
                    pieces[word].append(token)
            yield list(_windows([piece or unknown for piece in pieces], room, before, after))

    def _unknown_id(self) -> int:
        for name in ("<unk>", "[UNK]"):
            found = self._tokenizer.token_to_id(name)
            if found is not None:
                return int(found)
        raise ModelError("the tokenizer has no unknown token", "tokenizer.json", "use another model")


def _windows(pieces: list[list[int]], room: int, before: list[int], after: list[int]) -> Iterator[Window]:
    start = 0
    while start < len(pieces):
        first: list[int] = []
        ids, cut = list(before), 0
        while start < len(pieces) and (not first or len(ids) - len(before) + len(pieces[start]) <= room):
            first.append(len(ids))
            ids += pieces[start][:room]
            cut += max(0, len(pieces[start]) - room)
            start += 1
        yield Window(ids + after, first, cut)
