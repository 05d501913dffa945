"""CCGbank (LDC2005T13): derivations of the Wall Street Journal's sentences in combinatory categorial grammar.

``data/AUTO/NN/wsj_NNNN.auto`` holds for each sentence a line with its name and a line with its derivation::

    ID=wsj_0001.1 PARSER=GOLD NUMPARSE=1
    (<T S[dcl] 0 2> (<L NP NNP NNP Vinken NP>) (<L S[dcl]\\NP VBZ VBZ waits S[dcl]\\NP_1>) )

A node is ``<T category head children>``, a leaf ``<L category tag tag word category>``; the categories of the leaves
are the supertags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from xfer.errors import DataError
from xfer.tasks.folder import Reader
from xfer.tasks.readers.lines import lines

SECTIONS = re.compile(r"(\d\d)(?:-(\d\d))?")
PIECE = re.compile(r"\(<L ([^<>]*)>\)|\(<T ([^<>]*)>|\)|\s+")
PLAIN = {"-LRB-": "(", "-RRB-": ")", "-LCB-": "{", "-RCB-": "}", "-LSB-": "[", "-RSB-": "]"}
"""Words that stand for brackets."""

AS_PUBLISHED = "give the file as it was published"

Leaf = tuple[str, str]
"""Word and supertag."""


@dataclass(frozen=True)
class CCGbank(Reader):
    """Its splits are sections: ``00``, or ``02-21`` for several."""

    name: ClassVar[str] = "ccgbank"
    version: ClassVar[int] = 1

    def files(self, folder: Path, split: str, language: str) -> tuple[Path, ...]:
        match = SECTIONS.fullmatch(split)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        sections = [folder / "data" / "AUTO" / f"{section:02}" for section in range(first, last + 1)]
        return tuple(
            file for section in sections for file in sorted(section.glob("wsj_*.auto")) or [section / "wsj_*.auto"]
        )

    def read(self, files: tuple[Path, ...]) -> pa.Table:
        """``tokens`` and ``tags``, lists of equal lengths, and the ``article`` that a sentence is from."""
        found = [(file.stem, *zip(*leaves, strict=True)) for file in files for leaves in _sentences(file)]
        articles, tokens, tags = zip(*found, strict=True) if found else ((), (), ())
        return pa.table(
            {
                "article": pa.array(articles, pa.string()),
                "tokens": pa.array(tokens, pa.list_(pa.string())),
                "tags": pa.array(tags, pa.list_(pa.string())),
            }
        )


def _sentences(file: Path) -> Iterator[list[Leaf]]:
    rest = ((where, line) for where, line in lines(file) if line.strip())
    for where, line in rest:
        if not line.startswith("ID="):
            raise DataError(f"'{line[:40]}' stands where a sentence begins", where, "that is a line with ID=")
        place, derivation = next(rest, (where, "ID="))
        if derivation.startswith("ID="):
            raise DataError(f"no derivation follows {line.split()[0]}", where, "it takes the line below")
        yield _leaves(derivation, place)


def _leaves(derivation: str, where: str) -> list[Leaf]:
    """Raises ``DataError`` unless all of it is one tree whose nodes have as many children as they say."""
    leaves: list[Leaf] = []
    lacking = [1]  # children that the place above the tree, and each node whose bracket is open, still has to get
    at = 0
    while at < len(derivation):
        piece = PIECE.match(derivation, at)
        if piece is None:
            raise _malformed("is neither node, leaf nor bracket", derivation, at, where)
        leaf, node = piece.groups()
        if leaf is not None or node is not None:
            if lacking[-1] == 0:
                raise _malformed("is a child too many", derivation, at, where)
            lacking[-1] -= 1
        if leaf is not None:
            leaves.append(_leaf(leaf, where))
        elif node is not None:
            lacking.append(_children(node, where))
        elif piece[0] == ")" and (len(lacking) == 1 or lacking.pop()):
            raise _malformed("closes a node too early", derivation, at, where)
        at = piece.end()
    if lacking != [0]:
        raise DataError("the derivation ends before its last bracket", where, AS_PUBLISHED)
    return leaves


def _leaf(inside: str, where: str) -> Leaf:
    parts = inside.split(" ")
    if len(parts) != 5 or not all(parts):
        fix = "a leaf is <L category tag tag word category>"
        raise DataError(f"<L {inside}> has {len(inside.split())} parts", where, fix)
    # The treebank escapes slashes and asterisks.
    return PLAIN.get(parts[3], parts[3].replace("\\/", "/").replace("\\*", "*")), parts[0]


def _children(inside: str, where: str) -> int:
    parts = inside.split(" ")
    if len(parts) != 3 or parts[2] not in ("1", "2"):
        fix = "a node is <T category head children>, of which it has 1 or 2"
        raise DataError(f"<T {inside}> is no node", where, fix)
    return int(parts[2])


def _malformed(what: str, derivation: str, at: int, where: str) -> DataError:
    return DataError(f"'{derivation[at : at + 30]}' {what}", where, AS_PUBLISHED)
