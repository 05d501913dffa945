"""BUCC 2018's shared task: two piles of sentences, some of which are translations of each other.

``xx-en/xx-en.PART.xx`` and ``.en`` hold an id, a tab and a sentence a line, ``.gold`` the ids of a pair: the other
language's, a tab, the English one's. The parts are ``sample`` and ``training``, as the organisers call them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from xfer.errors import DataError
from xfer.tasks.folder import Reader
from xfer.tasks.formats.mining import SAMPLE, SOURCE, TARGET, TEST
from xfer.tasks.readers.lines import lines

PARTS = {"sample": ("sample",), "training": ("sample", "training")}
"""A threshold is found on the sample, so what is tested with the rest needs it, too."""


@dataclass(frozen=True)
class Bucc(Reader):
    """The other language is the source, English the target."""

    name: ClassVar[str] = "bucc"
    version: ClassVar[int] = 1

    def files(self, folder: Path, split: str, language: str) -> tuple[Path, ...]:
        pair = f"{language}-en"
        names = [f"{pair}.{part}.{ending}" for part in PARTS.get(split, ()) for ending in (language, "en", "gold")]
        return tuple(folder / pair / name for name in names)

    def read(self, files: tuple[Path, ...]) -> pa.Table:
        """The fields of mining by their own names: all sentences of the sample, then all of the rest, if asked for."""
        parts = [SAMPLE, TEST][: len(files) // 3]
        return pa.concat_tables(_part(part, *files[3 * i : 3 * i + 3]) for i, part in enumerate(parts))


def _part(part: str, source: Path, target: Path, gold: Path) -> pa.Table:
    sides = {SOURCE: _sentences(source), TARGET: _sentences(target)}
    partners = _partners(gold, sides[SOURCE], sides[TARGET])
    rows = [
        (text, side, name, partners.get(name, []) if side == SOURCE else [], part)
        for side, sentences in sides.items()
        for name, text in sentences.items()
    ]
    columns = zip(*rows, strict=True) if rows else ((),) * 5
    kinds = {"text": pa.string(), "side": pa.string(), "id": pa.string(), "partners": pa.list_(pa.string()),
             "part": pa.string()}  # fmt: skip
    return pa.table([pa.array(values, kind) for values, kind in zip(columns, kinds.values(), strict=True)], [*kinds])


def _sentences(file: Path) -> dict[str, str]:
    """Sentences by their ids, in the file's order."""
    found: dict[str, str] = {}
    for where, line in lines(file):
        name, tab, text = line.partition("\t")
        if not (name and tab):
            raise DataError(f"'{line[:40]}' is not an id, a tab and a sentence", where, "give one of them a line")
        if name in found:
            raise DataError(f"the id '{name}' has been there before", where, "give every sentence one of its own")
        found[name] = text.strip()
    return found


def _partners(gold: Path, sources: Mapping[str, str], targets: Mapping[str, str]) -> dict[str, list[str]]:
    """Ids of the translations of each source sentence that has any; a pair that is there twice counts once."""
    found: dict[str, list[str]] = {}
    for where, line in lines(gold):
        pair = line.split("\t")
        if len(pair) != 2:
            raise DataError(f"'{line[:40]}' is not two ids with a tab between them", where, "give one pair a line")
        for name, known, whose in zip(pair, (sources, targets), ("source", "English"), strict=True):
            if name not in known:
                raise DataError(f"no {whose} sentence has the id '{name}'", where, "name two that are in the files")
        partners = found.setdefault(pair[0], [])
        if pair[1] not in partners:
            partners.append(pair[1])
    return found
