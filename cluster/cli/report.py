"""``xfer report``: a page to look at, and tables to publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.arguments import StudyPath
from cluster.cli.output import show

if TYPE_CHECKING:
    from xfer.reports.transfer import Matrix


def report(
    study: StudyPath,
    out: Annotated[Path | None, typer.Option(help="Folder to write to. Default: reports/NAME.")] = None,
) -> None:
    """Print the matrix; write one self-contained HTML page, the tables as CSV, and the methods as Markdown."""
    from xfer.io import write_whole
    from xfer.reports import xtreme
    from xfer.reports.about import about
    from xfer.reports.export import write_csv
    from xfer.reports.methods import markdown
    from xfer.reports.page import render
    from xfer.reports.reported import reported
    from xfer.reports.transfer import matrix
    from xfer.reports.views import Views
    from xfer.results.schema import VIEWS
    from xfer.study.opening import open_study

    opened = open_study(study)
    views = Views(opened.plan, opened.store)
    tables = {name: views.table(name) for name in VIEWS if name != "predictions"}
    folder = out or Path("reports") / opened.plan.study
    page = folder / "index.html"
    known = about(opened, tables)
    models = reported(tables["scores"], tables["cells"], known.pools)
    write_whole(page, render(opened.plan.study, tables, study.name, about=known, models=models).encode())
    write_whole(folder / "methods.md", markdown(f"Methods of {opened.plan.study}", known.methods).encode())
    matrices = tuple(map(matrix, models))
    averages = {"xtreme": xtreme.table(known.xtreme)} if known.xtreme else {}
    write_csv(tables | averages, folder, known=matrices)
    for found in matrices:
        _print(found)
    print(page)


def _print(matrix: Matrix) -> None:
    """Scores in points, and how far they are from the arm without an intermediate task."""
    from xfer.reports.formatting import points, signed

    targets = tuple(target.name for target in matrix.targets)
    rows = [
        (row.arm, *(f"{points(c.score)}{'' if c.delta is None else f' ({signed(c.delta)})'}" for c in row.cells))
        for row in matrix.rows
    ]
    show((matrix.model, *targets), rows, numbers=targets)
    print()
