"""``xfer tasks``: what can be named in a study."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer


class Shape(StrEnum):
    table = "table"
    json = "json"


def tasks(shape: Annotated[Shape, typer.Option("--format")] = Shape.table) -> None:
    """List the tasks that a study can name."""
    from rich.console import Console
    from rich.table import Table

    from xfer.tasks import registry

    rows = [
        {
            "name": task.name,
            "format": task.format.name,
            "suites": list(task.suites),
            "languages": list(task.languages),
            "metric": task.metric,
            "trains_on": task.trains_on,
            "hub_id": task.source.hub_id,
            "licence": task.licence,
        }
        for task in map(registry.get, registry.names())
    ]
    if shape is Shape.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table(box=None)
    for name in ("name", "format", "suites", "languages", "metric", "trains on", "Hub id", "licence"):
        table.add_column(name)
    for row in rows:
        languages = row["languages"]
        assert isinstance(languages, list)
        table.add_row(
            str(row["name"]), str(row["format"]), ", ".join(row["suites"] or ()),
            languages[0] if len(languages) == 1 else str(len(languages)), str(row["metric"]),
            str(row["trains_on"] or "nothing"), str(row["hub_id"]), str(row["licence"]),
        )  # fmt: skip
    Console().print(table)
