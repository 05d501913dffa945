"""``xfer tasks``: what can be named in a study."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.cli.output import show

if TYPE_CHECKING:
    from xfer.tasks.task import Task


class Shape(StrEnum):
    table = "table"
    json = "json"


def tasks(shape: Annotated[Shape, typer.Option("--format")] = Shape.table) -> None:
    """List the tasks that a study can name."""
    from xfer.tasks.registry import SHIPPED

    found = [SHIPPED.get(name) for name in SHIPPED.names()]
    if shape is Shape.json:
        print(json.dumps([_row(task) for task in found], indent=1, ensure_ascii=False))
        return
    show(
        ("name\n(suites)", "format\nmetric", "languages", "train size", "trains on\nrelations", "source\nlicence"),
        [_cells(task) for task in found],
        ("languages", "train size"),
    )
    if any(task.unverified for task in found):
        print("unverified: the layout of its files has not been seen, only read about")


def _row(task: Task) -> dict[str, Any]:
    from xfer.tasks.source import Hub

    return {
        "name": task.name,
        "format": task.format.name,
        "suites": list(task.suites),
        "languages": list(task.languages),
        "train_size": task.train_size,
        "metric": task.metric,
        "hub_id": task.source.hub_id if isinstance(task.source, Hub) else None,
        "licence": task.licence,
        "trains_on": task.trains_on,
        "relations": {name: list(getattr(task, name)) for name in ("contains", "derived_from", "near")},
        "unverified": task.unverified,
    }


def _cells(task: Task) -> tuple[str, ...]:
    """Two lines a cell or so, that a task fits the width of a terminal."""
    trains_on = "itself" if task.trains_on == task.name else task.trains_on or "nothing"
    relations = _row(task)["relations"].items()
    related = [f"{word.replace('_', ' ')} {', '.join(names)}" for word, names in relations if names]
    return (
        _lines(task.name, f"({', '.join(task.suites)})" if task.suites else ""),
        _lines(task.format.name, task.metric),
        task.languages[0] if len(task.languages) == 1 else str(len(task.languages)),
        "" if task.train_size is None else f"{task.train_size:,}",
        _lines(trains_on, *related),
        _lines(f"{task.source}{' (unverified)' if task.unverified else ''}", task.licence),
    )


def _lines(*texts: str) -> str:
    """Those that say something, each once."""
    return "\n".join(dict.fromkeys(text for text in texts if text))
