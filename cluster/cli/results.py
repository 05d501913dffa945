"""``xfer results``: a study's tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.arguments import StudyPath
from cluster.cli.output import show

if TYPE_CHECKING:
    import pyarrow as pa


class Name(StrEnum):
    scores = "scores"
    phases = "phases"
    cells = "cells"
    curves = "curves"
    attempts = "attempts"
    decisions = "decisions"
    predictions = "predictions"


class Shape(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


Format = Annotated[Shape, typer.Option("--format")]
Out = Annotated[Path | None, typer.Option(help="Write to this file.")]


def results(
    study: StudyPath,
    table: Annotated[Name, typer.Option(help="Which view.")] = Name.scores,
    shape: Format = Shape.table,
    out: Out = None,
) -> None:
    """Print or write one of the study's tables."""
    import xfer

    deliver(xfer.open(str(study)).table(table.value), shape, out)


def deliver(found: pa.Table, shape: Shape, out: Path | None, hidden: Sequence[str] = ()) -> None:
    """Print a table, or write it to a file; the columns in ``hidden`` are too long to be printed."""
    from xfer.errors import UserError

    if shape is Shape.table and out is None:
        _print(found.drop_columns(list(hidden)))
        return
    if shape is Shape.parquet and out is None:
        raise UserError("Parquet is not for a terminal", "--format parquet", "give --out FILE")
    content = _encoded(found, Shape.parquet if shape is Shape.table else shape)
    if out is None:
        print(content.decode(), end="")
        return
    from xfer.io import write_whole

    write_whole(out, content)
    print(f"{out}: {found.num_rows} rows")


def _encoded(found: pa.Table, shape: Shape) -> bytes:
    from xfer.reports.export import to_csv
    from xfer.results.parts import to_parquet

    if shape is Shape.parquet:
        return to_parquet(found)
    if shape is Shape.csv:
        return to_csv(found)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found.to_pylist()).encode()


def _print(found: pa.Table) -> None:
    filled = [name for name in found.column_names if found[name].null_count < max(1, found.num_rows)]
    show(filled, [[_cell(value) for value in row.values()] for row in found.select(filled).to_pylist()])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    return "" if value is None else str(value)
