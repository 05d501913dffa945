"""``xfer tasks``: what can be named in a study."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from cluster.cli.output import show


class Shape(StrEnum):
    table = "table"
    json = "json"


def tasks(shape: Annotated[Shape, typer.Option("--format")] = Shape.table) -> None:
    """List the tasks that a study can name."""
    from xfer.tasks.registry import SHIPPED

    found = [SHIPPED.get(name) for name in SHIPPED.names()]
    rows = [
        {
            "name": task.name,
            "format": task.format.name,
            "suites": list(task.suites),
            "languages": list(task.languages),
            "metric": task.metric,
            "trains_on": task.trains_on,
            "source": str(task.source),
            "licence": task.licence,
        }
        for task in found
    ]
    if shape is Shape.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    show(
        ("name", "format", "suites", "languages", "metric", "trains on", "source", "licence"),
        [
            (
                task.name, task.format.name, ", ".join(task.suites),
                task.languages[0] if len(task.languages) == 1 else str(len(task.languages)),
                task.metric, task.trains_on or "nothing", str(task.source), task.licence,
            )
            for task in found
        ],
    )  # fmt: skip
