"""Text to sub-tokens by the ``tokenizers`` library alone: the same in a lock, a plan and a lane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer

from xfer.errors import ModelError
from xfer.tasks.formats.base import lists


@dataclass(frozen=True)
class Inputs:
    """Encoded texts, one entry each."""

    ids: pa.ListArray
    """Of int32."""
    type_ids: pa.ListArray
    """Of int8, as many."""
    truncated: npt.NDArray[np.int32]
    """Sub-tokens cut from the end."""


@dataclass(frozen=True)
class Frame:
    """Special tokens around and between the two texts of a pair, and the type that each text's sub-tokens have."""

    before: list[int]
    between: list[int]
    after: list[int]
    first_type: int
    second_type: int

    def __len__(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)

    def around(self, first: list[int], second: list[int]) -> tuple[list[int], list[int]]:
        """Ids and types of a pair."""
        ids = [*self.before, *first, *self.between, *second, *self.after]
        start = len(ids) - len(self.after) - len(second)
        return ids, [self.first_type] * start + [self.second_type] * (len(ids) - start)


@dataclass(frozen=True)
class Pieces:
    """A text's sub-tokens without special ones, and where each of them begins and ends in the text (characters)."""

    ids: list[int]
    starts: list[int]
    ends: list[int]


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
        cut = np.zeros(len(pairs), np.int32)
        long = [i for i, encoding in enumerate(encodings) if encoding.overflowing]
        self._tokenizer.no_truncation()
        for i, whole in zip(long, self._tokenizer.encode_batch_fast([pairs[i] for i in long]), strict=True):
            cut[i] = len(whole.ids) - len(encodings[i].ids)
        lengths = np.fromiter(map(len, encodings), np.int32, len(pairs))
        ids = np.fromiter(chain.from_iterable(e.ids for e in encodings), np.int32, lengths.sum())
        types = np.fromiter(chain.from_iterable(e.type_ids for e in encodings), np.int8, lengths.sum())
        return Inputs(lists(ids, lengths), lists(types, lengths), cut)

    def frame(self) -> Frame:
        """How this tokenizer puts a pair together."""
        self._tokenizer.no_truncation()
        pair = self._tokenizer.encode("a", "a")
        first, second = ([i for i, part in enumerate(pair.sequence_ids) if part == which] for which in (0, 1))
        return Frame(
            pair.ids[: first[0]], pair.ids[first[-1] + 1 : second[0]], pair.ids[second[-1] + 1 :],
            pair.type_ids[first[0]], pair.type_ids[second[0]],
        )  # fmt: skip

    def pieces(self, texts: Sequence[str]) -> Iterator[Pieces]:
        """Each text in sub-tokens, whole."""
        self._tokenizer.no_truncation()
        for found in self._tokenizer.encode_batch(list(texts), add_special_tokens=False):
            yield Pieces(found.ids, [start for start, _ in found.offsets], [end for _, end in found.offsets])

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
