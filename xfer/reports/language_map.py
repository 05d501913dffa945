"""The per-language tables, laid out for print: scores, shaded by the difference from none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil

from xfer.reports.formatting import MISSING, SYMBOLS, points, shade, spread
from xfer.reports.heatmap import Box
from xfer.reports.languages import LanguageRow, LanguageTable
from xfer.reports.overlaps import NOTHING, Overlaps

BAND = 16
"""Languages side by side, at most; more would not fit on paper."""


@dataclass(frozen=True)
class LanguageLine:
    """One arm, or the best constant answer."""

    arm: str
    relation: str
    symbol: str
    means: tuple[Box, Box]
    """Over all languages; without English."""
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Band:
    """Some languages of a table, side by side."""

    languages: tuple[str, ...]
    start: int


@dataclass(frozen=True)
class LanguageMap:
    """One model and target."""

    table: LanguageTable
    bands: tuple[Band, ...]
    lines: tuple[LanguageLine, ...]
    chance: tuple[str, ...]
    """Empty where it is not defined for any language."""
    partial: bool
    """Whether the means leave out languages that some arm lacks."""


def language_map(table: LanguageTable, overlaps: Overlaps = NOTHING) -> LanguageMap:
    """Lay out one per-language table: scores, shaded by their difference from ``none``."""
    size = ceil(len(table.languages) / max(1, ceil(len(table.languages) / BAND)))
    return LanguageMap(
        table=table,
        bands=tuple(
            Band(table.languages[start : start + size], start) for start in range(0, len(table.languages), size)
        ),
        lines=tuple(_language_line(row, table, overlaps) for row in table.rows),
        chance=tuple(map(points, table.chance)) if any(c is not None for c in table.chance) else (),
        partial=set(table.common) != set(table.languages),
    )


def _language_line(row: LanguageRow, table: LanguageTable, overlaps: Overlaps) -> LanguageLine:
    base = table.baseline
    against = base.values if base else (None,) * len(row.values)
    boxes = map(_score_box, row.values, against, table.chance, row.deviations)
    target = table.target
    said = (overlaps.said(table.models, row.arm, target.name, target.split, (code,)) for code in table.languages)
    return LanguageLine(
        arm=row.arm,
        relation=row.relation,
        symbol=SYMBOLS.get(row.relation, ""),
        means=(_score_box(row.mean), _score_box(row.zero_shot)),
        boxes=tuple(replace(box, overlap=overlap) for box, overlap in zip(boxes, said, strict=True)),
    )


def _score_box(
    value: float | None, none: float | None = None, chance: float | None = None, deviation: float | None = None
) -> Box:
    if value is None:
        return Box(MISSING, "missing")
    difference = None if none is None else 100 * (value - none)
    floor = chance is not None and value <= chance
    detail = spread(None if deviation is None else 100 * deviation)
    return Box(points(value), "floor" if floor else "number", shade(difference), detail=detail)


def by_target(maps: Iterable[LanguageMap]) -> tuple[tuple[LanguageMap, ...], ...]:
    """Tables of one target together, to be compared side by side."""
    groups: dict[str, tuple[LanguageMap, ...]] = {}
    for found in maps:
        name = found.table.target.name
        groups[name] = (*groups.get(name, ()), found)
    return tuple(groups.values())
