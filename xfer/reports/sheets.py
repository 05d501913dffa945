"""The page's plain tables: what it cost, what failed, what was tried twice, what was decided, on what."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from xfer.reports.formatting import MISSING, count, duration, points

STARTS = ("pretrained", "random weights")
"""What a phase without a parent begins with: the model as it came, or when it is pretrained."""


@dataclass(frozen=True)
class Sheet:
    """A table of texts."""

    name: str
    """Anchor on the page."""
    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()
    """Columns that are aligned to the right."""
    total: tuple[str, ...] = ()
    strong: frozenset[int] = frozenset()
    """Rows that are set off."""

    def looks(self, row: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """A row's texts, each with the class of its cell on the page."""
        for column, text in zip(self.columns, row, strict=True):
            if column in self.numeric:
                yield text, "right"
            elif column == "phase" or (column == "parent" and text not in STARTS):
                yield text, "mono"
            else:
                yield text, "wrap" if column in ("reason", "versions") else ""


def sheets(views: Mapping[str, pa.Table]) -> tuple[Sheet, ...]:
    """Those with rows, in the page's order."""
    rows = {name: views[name].to_pylist() for name in ("phases", "cells", "attempts", "decisions")}
    made = (
        _failed(rows["cells"]),
        _decisions(rows["decisions"]),
        _cost(rows["phases"], rows["attempts"]),
        _attempts(rows["attempts"]),
        _versions(rows["phases"]),
    )
    return tuple(sheet for sheet in made if sheet.rows)


def _failed(cells: Iterable[dict[str, Any]]) -> Sheet:
    columns = ("model", "arm", "target", "seed", "reason")
    rows = [_texts(cell, columns) for cell in cells if cell["state"] == "failed"]
    caption = "These cells have no score. They are not part of any mean."
    return Sheet("failed", "Failed cells", caption, columns, tuple(rows), frozenset({"seed"}))


def _decisions(decisions: Sequence[dict[str, Any]]) -> Sheet:
    rows = tuple(
        (
            *(row[column].replace("+", ", ") for column in ("model", "target")),
            row["trial"],
            _pairs(row["values"]),
            row["state"],
            ", ".join(map(points, row["rungs"] or ())),
            # What was given up has no final score, whatever its rungs have seen.
            points(row["value"]),
            (row["metric"] or MISSING).replace("+", ", "),
            "chosen" if row["chosen"] else "",
        )
        for row in decisions
    )
    caption = "Recipe values that were tried, and those that were taken. Trials enter no other table."
    if any(row["state"] == "pruned" for row in decisions):
        caption += " A pruned trial was given up at the last of its rungs, and has no points in the end."
    return _without_empty(
        Sheet(
            "decisions",
            "Decisions",
            caption,
            ("model", "target", "trial", "values", "state", "at rungs", "points", "decided by", ""),
            rows,
            frozenset({"trial", "at rungs", "points"}),
            strong=frozenset(place for place, row in enumerate(decisions) if row["chosen"]),
        ),
        "at rungs",
    )


def _without_empty(sheet: Sheet, column: str) -> Sheet:
    """The sheet without this column where it says nothing in any row."""
    place = sheet.columns.index(column)
    if any(row[place] for row in sheet.rows):
        return sheet
    rows = tuple((*row[:place], *row[place + 1 :]) for row in sheet.rows)
    return replace(sheet, columns=tuple(name for name in sheet.columns if name != column), rows=rows)


def _cost(phases: Sequence[dict[str, Any]], attempts: Iterable[dict[str, Any]]) -> Sheet:
    # The model is named where there is more than one: most studies have one, and the table is wide.
    named = ("model",) if len({row["model"] for row in phases}) > 1 else ()
    amounts = ("steps", "tokens", "h:mm:ss")
    columns = ("phase", *named, "role", "trains on", "parent", "seed", "state", *amounts, "ranks", "ZeRO")
    reached = {row["phase"]: row["last_step"] for row in attempts if row["last_step"] is not None}
    totals = {
        "phase": "total",
        "steps": count(sum(row["steps"] or 0 for row in phases)),
        "tokens": count(sum(row["tokens"] or 0 for row in phases)),
        "h:mm:ss": duration(sum(row["seconds"] or 0 for row in phases)),
    }
    return Sheet(
        "cost",
        "Cost",
        f"{_progress(phases, reached)} A phase is one training run, made once for all cells that need it; beside "
        "each task that it trains on stands how many of its rows it saw, repetitions counted. "
        "Tokens leave padding out; the time is the training loop’s.",
        columns,
        tuple(_cost_row(row, named, reached) for row in phases),
        frozenset({"seed", *amounts, "ranks", "ZeRO"}),
        total=tuple(totals.get(column, "") for column in columns),
    )


def _progress(phases: Sequence[Mapping[str, Any]], reached: Mapping[str, int]) -> str:
    """How much is done: a pruned trial is neither done nor missing."""
    states = Counter(row["state"] for row in phases)
    pruned = [reached.get(row["phase"], 0) for row in phases if row["state"] == "pruned"]
    # A phase that is only planned has neither time nor ranks.
    worker_hours = sum((row["seconds"] or 0) * (row["ranks"] or 0) for row in phases) / 3600
    text = f"{states['done']} of {len(phases) - len(pruned)} phases done"
    text += f", {worker_hours:.1f} worker-hours (time × ranks)."
    if pruned:
        given_up = "was given up" if len(pruned) == 1 else "were given up"
        text += f" {count(len(pruned))} more, of pruned trials, {given_up} after {count(sum(pruned))} steps together, "
        text += "which the total leaves out."
    return text


def _cost_row(row: Mapping[str, Any], named: Sequence[str], reached: Mapping[str, int]) -> tuple[str, ...]:
    steps = row["steps"] if row["state"] == "done" else reached.get(row["phase"])
    start = STARTS["pretrain" in row["roles"]]
    return (
        row["phase"],
        *_texts(row, named),
        ", ".join(row["roles"]),
        _seen(row["trains_on"], row["examples_of"]),
        row["parent"] or start,
        *_texts(row, ("seed", "state")),
        count(steps) if steps == row["planned_steps"] else f"{count(steps)} of {count(row['planned_steps'])}",
        count(row["tokens"]),
        duration(row["seconds"]),
        *_texts(row, ("ranks", "zero_stage")),
    )


def _seen(tasks: Sequence[str], rows: Sequence[int] | None) -> str:
    """Tasks with the rows seen of each: ``mnli 4 267 + semtags 2 133``."""
    if rows is None:
        return " + ".join(tasks)
    return " + ".join(f"{task} {count(seen)}" for task, seen in zip(tasks, rows, strict=True))


def _attempts(attempts: Sequence[dict[str, Any]]) -> Sheet:
    # A trial that pauses at a rung goes on in a new attempt: that is no accident.
    again = {row["phase"] for row in attempts if row["outcome"] not in ("committed", "paused")}
    again &= {row["phase"] for row in attempts if row["attempt"] > 1}
    columns = ("phase", "attempt", "holder", "first_step", "last_step", "outcome")
    return Sheet(
        "attempts",
        "Attempts beyond the first",
        "Phases that were begun more than once, with every attempt. Only a committed attempt counts. "
        "Trials that do no more than pause at rungs are not listed.",
        ("phase", "attempt", "holder", "first step", "last step", "outcome"),
        tuple(_texts(row, columns) for row in attempts if row["phase"] in again),
        frozenset({"attempt", "first step", "last step"}),
    )


def _versions(phases: Sequence[dict[str, Any]]) -> Sheet:
    columns = ("hardware", "engine", "precision", "versions")
    places = Counter(tuple(row[column] or "" for column in columns) for row in phases if row["steps"])
    several = len({versions for *_, versions in places}) > 1
    caption = "Phases were trained with different versions: compare with care." if several else ""
    return Sheet(
        "versions",
        "Hardware and versions",
        caption,
        ("phases", *columns),
        tuple((count(n), *facts, _pairs(versions)) for (*facts, versions), n in places.items()),
        frozenset({"phases"}),
    )


def _texts(row: Mapping[str, Any], columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(MISSING if row[column] is None else str(row[column]) for column in columns)


def _pairs(text: str | None) -> str:
    """A JSON object as ``name value, name value``; other text as it is."""
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return text or ""
    if not isinstance(values, dict):
        return str(values)
    return ", ".join(f"{name} {value}" for name, value in values.items())
