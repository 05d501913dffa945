"""When two texts are the same, and when they are near each other.

Near duplicates share most of their shingles. MinHash and locality-sensitive hashing only propose them (Broder 1997;
Leskovec, Rajaraman and Ullman 2014, chapter 3); what is called near has been compared. A pair of Jaccard
similarity j is proposed with probability 1 - (1 - j^r)^b, where r is the number of hashes in a band and b that of
bands: 0.9998 at the threshold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

SHINGLE = 3
"""Words, or characters of a script without spaces, in a shingle."""

THRESHOLD = 0.7
"""Least Jaccard similarity of the shingles of two texts that are near each other."""

HASHES, BANDS, SEED = 128, 32, 1

BLOCK = 8192
"""Texts that are looked up together."""

KEPT = 1 << 16
"""Texts whose shingles are kept for the next time."""

UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Thai and Lao, Burmese, Khmer, kana, Han: code points of scripts that put no spaces between words."""

_ALONE = re.compile(f"([{''.join(f'{chr(first)}-{chr(last)}' for first, last in UNSPACED)}])")


class _Squeezed(dict[int, int | str | None]):
    """For ``str.translate``: letters, marks and digits as they are, format characters gone, all else a space."""

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        self[code] = code if category[0] in "LMN" else None if category == "Cf" else " "
        return self[code]


_SQUEEZED = _Squeezed()


def normal(text: str) -> str:
    """Words in Unicode's compatibility form (NFKC), case folded, between single spaces, without punctuation.

    Each character of a script without spaces stands by itself, whether the text was split into words or not.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(_ALONE.sub(r" \1 ", folded.translate(_SQUEEZED)).split())


def letters(words: str) -> int:
    """Length of a normal text: its letters and digits, those of a script without spaces counted twice."""
    return len(words) - words.count(" ") + len(_ALONE.findall(words))


def shingles(words: str) -> frozenset[str]:
    """All runs of ``SHINGLE`` words of a normal text; none of a shorter one."""
    found = words.split(" ")
    return frozenset(" ".join(found[i : i + SHINGLE]) for i in range(len(found) - SHINGLE + 1))


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Size of the intersection by that of the union; 0 for two empty sets (Jaccard 1912)."""
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared or 1)


class Near:
    """Normal texts, to be asked which of them others are near."""

    def __init__(self, texts: Sequence[str]) -> None:
        from rensa import RMinHashLSH

        self._size = len(texts)
        long = [place for place, text in enumerate(texts) if shingles(text)]  # what is too short is near nothing
        self._places = np.array(long, np.int64)
        self._shingles = lru_cache(KEPT)(lambda number: shingles(texts[long[number]]))
        self._index = RMinHashLSH(THRESHOLD, HASHES, BANDS)
        for start in range(0, len(long), BLOCK):
            self._index.insert_many(_hashed([shingles(texts[p]) for p in long[start : start + BLOCK]]), start)

    def to(self, others: Sequence[str]) -> npt.NDArray[np.bool_]:
        """[number of own texts]: whether one of the others, normal texts as well, is near it, or its like."""
        found = np.zeros(self._size, np.bool_)
        for start in range(0, len(others), BLOCK):
            block = [theirs for text in others[start : start + BLOCK] if (theirs := shingles(text))]
            for theirs, proposed in zip(block, self._index.query_all(_hashed(block)), strict=True):
                for number in proposed:
                    place = self._places[number]
                    if not found[place] and jaccard(theirs, self._shingles(number)) >= THRESHOLD:
                        found[place] = True
        return found


def _hashed(sets: Sequence[frozenset[str]]) -> list[object]:
    from rensa import RMinHash

    hashed: list[object] = RMinHash.from_token_sets([list(one) for one in sets], HASHES, SEED)
    return hashed
