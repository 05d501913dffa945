"""What of the printed examples a model has seen before: marks beside numbers, and a table of counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from xfer.evaluation.overlap import NOTABLE
from xfer.evaluation.texts import Place
from xfer.reports.formatting import count
from xfer.reports.prose import listed, percent
from xfer.reports.sheets import Sheet
from xfer.study.opening import Opened
from xfer.study.overlaps import seen

DIRECT = ("exact", "near")


@dataclass(frozen=True)
class Counts:
    """Examples of one evaluated split that stand in some of the sources, each counted once, as what is closest."""

    exact: int
    near: int
    translation: int
    declared: bool
    of: int
    against: tuple[str, ...]
    """Tasks and splits of the sources, for people."""

    @property
    def examples(self) -> int:
        return self.exact + self.near + self.translation

    @property
    def notable(self) -> bool:
        """Whether that is more than a chance find."""
        return self.declared or self.examples >= NOTABLE * self.of


@dataclass(frozen=True)
class Overlaps:
    """By model, arm, target and evaluated place: what the cell's model has seen of it. By itself: nobody has looked."""

    cells: Mapping[tuple[str, str, str], Mapping[Place, Counts]] = field(default_factory=dict)
    looked: bool = False

    def said(self, models: Iterable[str], arm: str, target: str, split: str, languages: Sequence[str]) -> str:
        """In words, of one number over these languages; empty where it is nothing notable in any of them."""
        found: dict[str, Counts] = {}
        for model in models:
            for place, counts in self.cells.get((model, arm, target), {}).items():
                if place.split == split and place.language in languages and counts.notable:
                    found.setdefault(place.language, counts)
        ordered = {language: found[language] for language in languages if language in found}
        if not ordered:
            return ""
        against = listed(list(dict.fromkeys(name for counts in ordered.values() for name in counts.against)))
        parts = ", ".join(_part(language if len(languages) > 1 else "", c) for language, c in ordered.items())
        return f"overlap with {against}: {parts}"


NOTHING = Overlaps()


def _part(language: str, counts: Counts) -> str:
    if not counts.examples:
        return f"{language} by declaration".strip()
    translated = f" ({count(counts.translation)} through a translation)" if counts.translation else ""
    return f"{language} {count(counts.examples)} of {count(counts.of)}{translated}".strip()


def overlaps_of(opened: Opened, table: pa.Table) -> Overlaps:
    """For every cell of the grid; ``table`` as in ``schema.OVERLAPS``."""
    lines: dict[Place, list[dict[str, Any]]] = defaultdict(list)
    for line in table.to_pylist():
        lines[_evaluated(line)].append(line)
    found: dict[tuple[str, str, str], dict[Place, Counts]] = {}
    for cell in opened.plan.cells:
        name = (cell.model, cell.arm, cell.target)
        if name not in found:  # seeds see the same
            known = {*seen(opened, cell)}
            sets = (opened.plan.evaluations[key].data for key in cell.evaluations)
            places = dict.fromkeys(Place(data.task, data.language, data.split) for data in sets)
            of_cell = {place: [line for line in lines.get(place, ()) if _source(line) in known] for place in places}
            found[name] = {place: _counts(own) for place, own in of_cell.items() if own}
    return Overlaps(found, looked=True)


def overlap_sheets(views: Mapping[str, pa.Table]) -> tuple[Sheet, ...]:
    """What was found, source by source; none where nobody has looked, or there is nothing notable."""
    groups: dict[tuple[Place, str], list[dict[str, Any]]] = defaultdict(list)
    for line in views["overlaps"].to_pylist() if "overlaps" in views else ():
        groups[_evaluated(line), _name(line)].append(line)
    counted = {at: _counts(lines) for at, lines in groups.items()}
    rows = tuple(
        (*place, against, *(count(n) for n in (c.exact, c.near, c.translation)), count(c.of), _share(c))
        for (place, against), c in counted.items()
        if c.notable
    )
    columns = ("task", "language", "split", "against", "the same", "near", "translated", "of", "share")
    caption = (
        "Evaluated examples with a text that stands in other data of the study: the same words; at least 70% of the "
        "runs of three words shared; or neither, but so in another language of the task. An example is counted once "
        f"for each source. Below {percent(NOTABLE)} it is not listed; overlaps.csv has everything."
    )
    sheet = Sheet("overlaps", "Overlaps", caption, columns, rows, frozenset(columns[4:]))
    return (sheet,) if rows else ()


def _share(counts: Counts) -> str:
    return percent(counts.examples / counts.of) if counts.examples else "declared"


def _counts(lines: Sequence[dict[str, Any]]) -> Counts:
    rows: dict[str, set[int]] = {"exact": set(), "near": set(), "translation": set()}
    for line in lines:
        if line["rows"] is not None:
            rows[line["kind"]].update(line["rows"])
    near = rows["near"] - rows["exact"]
    translated = rows["translation"] - near - rows["exact"]
    return Counts(
        exact=len(rows["exact"]),
        near=len(near),
        translation=len(translated),
        declared=any(line["kind"] == "declared" for line in lines),
        of=lines[0]["of"],
        against=tuple(dict.fromkeys(map(_name, lines))),
    )


def _evaluated(line: Mapping[str, Any]) -> Place:
    return Place(line["task"], line["language"], line["split"])


def _source(line: Mapping[str, Any]) -> Place:
    return Place(line["against_task"], line["against_language"], line["against_split"])


def _name(line: Mapping[str, Any]) -> str:
    return f"{line['against_task']} ({line['against_split']})"
