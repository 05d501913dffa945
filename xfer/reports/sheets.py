"""The page's plain tables: what it cost, what failed, what was tried twice, what was decided, on what."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from xfer.reports.formatting import MISSING, count, duration


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


def sheets(views: Mapping[str, pa.Table]) -> tuple[Sheet, ...]:
    """Those with rows, in the page's order."""
    rows = {name: views[name].to_pylist() for name in ("phases", "cells", "attempts", "decisions")}
    made = (
        _failed(rows["cells"]),
        _decisions(rows["decisions"]),
        _cost(rows["phases"]),
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
            *_texts(row, ("model", "target", "trial")),
            _pairs(row["values"]),
            row["metric"] or MISSING,
            MISSING if row["value"] is None else f"{100 * row['value']:.1f}",
            "chosen" if row["chosen"] else "",
        )
        for row in decisions
    )
    return Sheet(
        "decisions",
        "Decisions",
        "Recipe values that were tried, and those that were taken. Trials enter no other table.",
        ("model", "target", "trial", "values", "decided by", "points", ""),
        rows,
        frozenset({"points"}),
        strong=frozenset(place for place, row in enumerate(decisions) if row["chosen"]),
    )


def _cost(phases: Sequence[dict[str, Any]]) -> Sheet:
    # The model is named where there is more than one: most studies have one, and the table is wide.
    named = ("model",) if len({row["model"] for row in phases}) > 1 else ()
    amounts = ("steps", "tokens", "h:mm:ss")
    columns = (
        "phase",
        *named,
        "role",
        "trains on",
        "parent",
        "seed",
        "state",
        *amounts,
        "ranks",
        "ZeRO",
        "engine",
    )
    # A phase that is only planned has neither time nor ranks.
    worker_hours = sum((row["seconds"] or 0) * (row["ranks"] or 0) for row in phases) / 3600
    done = sum(row["state"] == "done" for row in phases)
    totals = {
        "phase": "total",
        "steps": count(sum(row["steps"] or 0 for row in phases)),
        "tokens": count(sum(row["tokens"] or 0 for row in phases)),
        "h:mm:ss": duration(sum(row["seconds"] or 0 for row in phases)),
    }
    return Sheet(
        "cost",
        "Cost",
        f"{done} of {len(phases)} phases done, {worker_hours:.1f} worker-hours (time × ranks). "
        "A phase is one training run, made once for all cells that need it. "
        "Tokens leave padding out; the time is the training loop’s.",
        columns,
        tuple(_cost_row(row, named) for row in phases),
        frozenset({"seed", *amounts, "ranks", "ZeRO"}),
        total=tuple(totals.get(column, "") for column in columns),
    )


def _cost_row(row: Mapping[str, Any], named: Sequence[str]) -> tuple[str, ...]:
    steps = count(row["steps"])
    if row["steps"] != row["planned_steps"]:
        steps += f" of {count(row['planned_steps'])}"
    return (
        row["phase"],
        *_texts(row, named),
        ", ".join(row["roles"]),
        ", ".join(row["trains_on"]),
        row["parent"] or "pretrained",
        *_texts(row, ("seed", "state")),
        steps,
        count(row["tokens"]),
        duration(row["seconds"]),
        *_texts(row, ("ranks", "zero_stage", "engine")),
    )


def _attempts(attempts: Sequence[dict[str, Any]]) -> Sheet:
    again = {row["phase"] for row in attempts if row["attempt"] > 1}
    columns = ("phase", "attempt", "holder", "first_step", "last_step", "outcome")
    return Sheet(
        "attempts",
        "Attempts beyond the first",
        "Phases that were begun more than once, with every attempt. Only a committed attempt counts.",
        ("phase", "attempt", "holder", "first step", "last step", "outcome"),
        tuple(_texts(row, columns) for row in attempts if row["phase"] in again),
        frozenset({"attempt", "first step", "last step"}),
    )


def _versions(phases: Sequence[dict[str, Any]]) -> Sheet:
    places = Counter(
        (row["hardware"] or "", row["precision"] or "", row["versions"] or "") for row in phases if row["steps"]
    )
    several = len({versions for _, _, versions in places}) > 1
    caption = "Phases were trained with different versions: compare with care." if several else ""
    return Sheet(
        "versions",
        "Hardware and versions",
        caption,
        ("phases", "hardware", "precision", "versions"),
        tuple((count(n), place, precision, _pairs(versions)) for (place, precision, versions), n in places.items()),
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
