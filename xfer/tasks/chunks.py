"""F1 of chunks of tags, found as two published versions of seqeval find them (after conlleval.pl of CoNLL 2000).

XTREME does not say which version of seqeval it scored with. They differ in what a tag's type is, in nothing else, and
only where tags have no prefixes (UD POS): versions up to 0.0.15 have it as 0.0.12 has, those from 0.0.16 on as 1.2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tags = Sequence[Sequence[str]]
"""The tags of each sentence."""

TypeOf = Callable[[str], str]
"""A tag's type. Its prefix is its first letter, whatever follows."""

OUTSIDE = "O"
"""Stands before all sentences and behind each, so that no chunk goes on into the next."""


def type_in_0012(tag: str) -> str:
    """What is behind the last hyphen: ``B-PER`` is a ``PER``, ``NOUN`` a ``NOUN``, ``X`` an ``X``."""
    return tag.rsplit("-", 1)[-1]


def type_in_122(tag: str) -> str:
    """What is behind the prefix: ``B-PER`` is a ``PER``, ``NOUN`` an ``OUN``; ``X`` is of no other type than ``O``."""
    return tag[1:].split("-", 1)[-1] or "_"


def chunk_f1(gold: Tags, prediction: Tags, type_of: TypeOf) -> float:
    """Micro-averaged F1 of chunks with the same type, first and last word; 0 where neither side has any.

    Both sides need equally many tags in every sentence, none of them empty.
    """
    types: dict[str, int] = {}
    right, found = _chunks(gold, type_of, types), _chunks(prediction, type_of, types)
    both = right.ends & found.ends & (right.first == found.first) & (right.type == found.type)
    total = np.count_nonzero(right.ends) + np.count_nonzero(found.ends)
    return float(2 * np.count_nonzero(both) / total) if total else 0.0


@dataclass(frozen=True)
class _Chunks:
    """Which chunk ends before each place of a sequence, if one does; all [places]."""

    ends: npt.NDArray[np.bool_]
    first: npt.NDArray[np.int64]
    """Place of its first word."""
    type: npt.NDArray[np.int64]


def _chunks(sentences: Tags, type_of: TypeOf, types: dict[str, int]) -> _Chunks:
    """The chunks of all sentences, one behind the other; ``types`` numbers their types and grows.

    Prefixes: B begins a chunk, S is one, E ends one, I and any other letter go on with one of the same type.
    """
    letters, kinds = _numbered(_joined(sentences), type_of, types)
    before, after = letters[:-1], letters[1:]
    changes = kinds[:-1] != kinds[1:]
    ends = _among(before, "ES") | (_among(before, "BI") & _among(after, "BSO")) | (~_among(before, "O.") & changes)
    starts = _among(after, "BS") | (_among(before, "ESO") & _among(after, "EI")) | (~_among(after, "O.") & changes)
    # A chunk began at the last start before its end. What ends without a start, after odd prefixes, began there, too.
    latest = np.maximum.accumulate(np.where(starts, np.arange(starts.size), 0))
    return _Chunks(ends, np.append(0, latest[:-1])[: starts.size], kinds[:-1])


def _joined(sentences: Tags) -> Iterable[str]:
    for tags in sentences:
        yield from tags
        yield OUTSIDE


def _numbered(
    tags: Iterable[str], type_of: TypeOf, types: dict[str, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The prefix (its code point) and the type of each tag, behind those of the place before them all."""
    known: dict[str, int] = {}
    places = np.fromiter((known.setdefault(tag, len(known)) for tag in tags), np.int64)
    letters = np.array([ord(tag[0]) for tag in known], np.int64)
    kinds = np.array([types.setdefault(type_of(tag), len(types)) for tag in known], np.int64)
    nothing = types.setdefault("", len(types))
    return np.append(ord(OUTSIDE), letters[places]), np.append(nothing, kinds[places])


def _among(letters: npt.NDArray[np.int64], wanted: str) -> npt.NDArray[np.bool_]:
    return np.isin(letters, [ord(letter) for letter in wanted])
