"""Overlap: texts that are evaluated, held against texts that a model was trained on or chosen by. No model, no torch.

Each text of an example is held by itself against all texts of the other data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xfer.evaluation.likeness import Near
from xfer.evaluation.texts import Ints, Place, Texts, counted
from xfer.results.schema import OVERLAPS

VERSION = 1
"""Raised when the same data give another table."""

NOTABLE = 0.01
"""Share of the examples of a split from which an overlap is more than a chance find."""

Bools = npt.NDArray[np.bool_]

Origins = Mapping[str, Sequence[str]]
"""By task: the tasks whose examples it holds in other words."""


class Group(NamedTuple):
    """Places that a model has seen all of, if any of them, and the evaluated places that they are held against."""

    sources: tuple[Place, ...]
    """One split of one task, in one language or several."""
    against: tuple[Place, ...]

    @property
    def name(self) -> Place:
        """The source; one without a language where there are several."""
        first = self.sources[0]
        return first if len(self.sources) == 1 else first._replace(language="")


def overlaps(groups: Sequence[Group], read: Callable[[Place], Texts], origins: Origins | None = None) -> pa.Table:
    """What of each evaluated place stands in which source, schema ``OVERLAPS``; the same table each time.

    No place is held against itself.
    """
    evaluated = {place: read(place) for place in dict.fromkeys(place for group in groups for place in group.against)}
    index = _Index(evaluated)
    lines: dict[Place, dict[_Head, dict[str, Any]]] = {place: {} for place in evaluated}
    for group in groups:
        hits: dict[Place, _By] = {}
        keys: _Keys = defaultdict(set)
        for source in group.sources:
            texts = evaluated.get(source) or read(source)
            hits[source] = index.hits(texts, {*group.against} - {source})
            for field in texts.fields:
                keys[source.task, source.split, field].update(texts.keys)
        translated = _translated(group.name, hits, evaluated, keys)
        declared = _declared(group.name, hits, evaluated, origins or {})
        for hit in (*_direct(hits), *translated, *declared):
            lines[hit.place].setdefault(hit[:4], _line(hit, evaluated[hit.place].examples))
    return pa.Table.from_pylist([line for found in lines.values() for line in found.values()], schema=OVERLAPS)


_Head = tuple[Place, str, Place, str]
"""Evaluated place, its field, source, kind: what a line of the table is about."""


class _Hit(NamedTuple):
    """What becomes a line of the table."""

    place: Place
    field: str
    source: Place
    kind: str
    rows: Ints | None
    """Places of the rows that were hit; None where nobody can tell."""
    verbatim: int | None = None


class _Hits(NamedTuple):
    """Rows of one field of an evaluated place that a source holds: the same, or near and not the same."""

    exact: Ints
    near: Ints
    verbatim: int
    """So many hold a text that is letter by letter the same."""

    @property
    def rows(self) -> Ints:
        return np.concatenate([self.exact, self.near])


_By = Mapping[tuple[Place, str], _Hits]
"""By evaluated place and field."""

_Keys = dict[tuple[str, str, str], set[Hashable]]
"""By task, split and field: keys of examples that were hit in some language."""


def _direct(hits: Mapping[Place, _By]) -> Iterator[_Hit]:
    for source, found in hits.items():
        for (place, field), hit in found.items():
            if hit.exact.size:
                yield _Hit(place, field, source, "exact", hit.exact, hit.verbatim)
            if hit.near.size:
                yield _Hit(place, field, source, "near", hit.near)


def _translated(
    source: Place, hits: Mapping[Place, _By], evaluated: Mapping[Place, Texts], keys: _Keys
) -> Iterator[_Hit]:
    """Rows that were not hit themselves, but in another language; ``keys``: or that are a source's own."""
    own: dict[tuple[Place, str], set[int]] = defaultdict(set)
    for (place, field), found in (item for by in hits.values() for item in by.items()):
        rows = found.rows.tolist()
        own[place, field].update(rows)
        if evaluated[place].keys:
            keys[place.task, place.split, field].update(evaluated[place].keys[row] for row in rows)
    for (place, field), hit in own.items():
        elsewhere = keys[place.task, place.split, field]
        rows = [row for row, key in enumerate(evaluated[place].keys) if key in elsewhere and row not in hit]
        if rows:
            yield _Hit(place, field, source, "translation", np.array(rows, np.int32))


def _declared(
    source: Place, hits: Mapping[Place, _By], evaluated: Mapping[Place, Texts], origins: Origins
) -> Iterator[_Hit]:
    """Places of tasks whose origin is the source's task, or one that the source overlaps with beyond ``NOTABLE``."""
    every = [item for by in hits.values() for item in by.items()]
    notable = ((p.task, p.split) for (p, _), hit in every if len(hit.rows) >= NOTABLE * len(evaluated[p].examples))
    seen = {(source.task, source.split), *notable}
    for place in dict.fromkeys(place for (place, _), _ in every):
        known = origins.get(place.task, ())
        if source.task in known or any((origin, place.split) in seen for origin in known):
            yield _Hit(place, "", source, "declared", None)


def _line(hit: _Hit, examples: Ints) -> dict[str, Any]:
    rows = None if hit.rows is None else np.sort(examples[hit.rows])
    return {
        **hit.place._asdict(),
        "field": hit.field,
        **{f"against_{name}": value for name, value in hit.source._asdict().items()},
        "kind": hit.kind,
        "examples": None if rows is None else len(rows),
        "verbatim": hit.verbatim,
        "of": len(examples),
        "share": None if rows is None else len(rows) / len(examples),
        "rows": rows,
    }


class _Field(NamedTuple):
    """The texts of one field of an evaluated place that are long enough to count."""

    rows: Ints
    """Which row each of them is in."""
    written: Ints
    """Number of each of them as it is written."""
    words: Ints
    """Number of the words of each of them."""


class _Index:
    """All evaluated texts, each distinct one numbered: as they are written, and by their words."""

    def __init__(self, evaluated: Mapping[Place, Texts]) -> None:
        self._written: dict[str, int] = {}
        self._words: dict[str, int] = {}
        self._fields = {
            (place, field): self._field(rows, texts.minimum)
            for place, texts in evaluated.items()
            for field, rows in texts.fields.items()
        }
        self._near = Near(list(self._words))

    def _field(self, rows: Iterable[Sequence[str]], minimum: int) -> _Field:
        numbers = [
            (row, self._written.setdefault(text, len(self._written)), self._words.setdefault(words, len(self._words)))
            for row, texts in enumerate(rows)
            for text, words in counted(texts, minimum)
        ]
        return _Field(*np.array(numbers, np.int32).reshape(-1, 3).T)

    def hits(self, source: Texts, against: Collection[Place]) -> _By:
        """What of these places the source holds."""
        distinct = dict.fromkeys(text for rows in source.fields.values() for texts in rows for text in texts)
        words_of = dict(counted(distinct, source.minimum))
        words = list(dict.fromkeys(words_of.values()))
        written, exact = _found(self._written, words_of), _found(self._words, words)
        near = self._near.to(words)
        return {at: _hits(field, written, exact, near) for at, field in self._fields.items() if at[0] in against}


def _found(numbers: Mapping[str, int], texts: Iterable[str]) -> Bools:
    found = np.zeros(len(numbers), np.bool_)
    found[[numbers[text] for text in texts if text in numbers]] = True
    return found


def _hits(field: _Field, written: Bools, exact: Bools, near: Bools) -> _Hits:
    same = np.unique(field.rows[exact[field.words]])
    alike = np.unique(field.rows[near[field.words]])
    return _Hits(same, np.setdiff1d(alike, same), len(np.unique(field.rows[written[field.written]])))
